import { expect, test } from 'vitest';
import { parseRepositoryConfiguration } from '../../../src/server/config/parse-repository-configuration.ts';

const binding = { id: 'wine', jobs: { nightly: 123 }, models: {}, floors: {} };
const text = (how: string, name: string) =>
  `version: 1\ntrain:\n  ${how}\n  parameters: {${name}: {type: string, default: a}}\nmetrics: {primary: rmse}\n`;

test.each(['snapshot', 'commit', 'nonce', 'experiment', 'model'])(
  'a job cannot have a parameter called %s, for the backend passes it; a script can',
  (name) => {
    expect(parseRepositoryConfiguration(text('job: nightly', name), binding)).toMatchObject({
      problems: [
        { line: 4, path: `train.parameters.${name}`, message: expect.stringContaining('another name') },
      ],
    });
    expect(parseRepositoryConfiguration(text('entry: train.py', name), binding)).toHaveProperty(
      'configuration',
    );
  },
);
