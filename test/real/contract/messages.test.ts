import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../needs.ts';
import { pythonClients } from '../python-clients.ts';
import type { Counterparts } from './counterparts.ts';
import { startCounterparts } from './counterparts.ts';
import { outdated, unexpected } from './differences.ts';
import { experimentStory } from './experiment-story.ts';
import { loggingStory } from './logging-story.ts';
import type { Difference } from './recording.ts';
import { differencesBetween, record } from './recording.ts';
import { registryStory } from './registry-story.ts';
import { runStory } from './run-story.ts';
import { searchStory } from './search-story.ts';

const clients = pythonClients();

describeWith(clients, 'the emulated workspace and an mlflow server answer alike, field by field', () => {
  const all: Difference[] = [];
  let both: Counterparts;
  beforeAll(async () => {
    both = await startCounterparts(clients.python);
  });
  afterAll(() => both?.close());

  test.each([
    ['experiments', experimentStory],
    ['runs', runStory],
    ['what runs log', loggingStory],
    ['runs/search around its grammar', searchStory],
    ['the model registry', registryStory],
  ])('%s', async (_, story) => {
    const [emulator, server] = await Promise.all([
      record(both.of('emulated workspace'), story),
      record(both.of('mlflow server'), story),
    ]);
    expect([...server.keys()]).toEqual([...emulator.keys()]);
    const found = differencesBetween(emulator, server);
    all.push(...found);
    expect(unexpected('messages', found)).toEqual([]);
  });

  test('every listed difference is still there', () => {
    expect(outdated('messages', all)).toEqual([]);
  });
});
