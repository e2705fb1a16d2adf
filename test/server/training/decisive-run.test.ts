import { describe, expect, it } from 'vitest';
import type { RepositoryConfiguration } from '../../../src/server/config/repository-configuration.ts';
import { asCommitted, decisiveRun } from '../../../src/server/training/decisive-run.ts';
import type { Run } from '../../../src/server/training/ports.ts';

const configuration = {
  parameters: [
    { name: 'depth', type: 'integer', default: 2 },
    { name: 'rounds', type: 'integer', default: 80 },
  ],
} as RepositoryConfiguration;

const run = (
  number: number,
  state: Run['state'],
  parameters: Run['parameters'] = { depth: 2, rounds: 80 },
) => ({
  number,
  state,
  parameters,
  configuration,
});
const experiment = { depth: 2, rounds: 400 };

describe('the run that speaks for a commit', () => {
  it.each([
    ['the newest that succeeded', [run(7, 'succeeded'), run(6, 'succeeded')], 7],
    ['not an experiment that passed', [run(7, 'succeeded', experiment), run(6, 'succeeded')], 6],
    ['not an experiment that was cancelled', [run(7, 'cancelled', experiment), run(6, 'succeeded')], 6],
    ['not an experiment under way', [run(7, 'running', experiment), run(6, 'failed')], 6],
    ['one as committed that is under way', [run(7, 'running'), run(6, 'succeeded')], 7],
    ['what succeeded before a cancelled retry', [run(7, 'cancelled'), run(6, 'succeeded')], 6],
    ['the newest where none succeeded', [run(7, 'timed-out'), run(6, 'failed')], 7],
    ['nobody where there are only experiments', [run(7, 'succeeded', experiment)], undefined],
  ])('is %s', (_name, runs, number) => {
    expect(decisiveRun(runs)?.number).toBe(number);
  });

  it('is as committed when a parameter that was added later has its default', () => {
    expect(asCommitted(configuration, { depth: 2 })).toBe(true);
    expect(asCommitted(configuration, { depth: 3 })).toBe(false);
  });
});
