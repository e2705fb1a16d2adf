import { expect, test } from 'vitest';
import { parseRepositoryConfiguration } from '../../../src/server/config/parse-repository-configuration.ts';

const binding = {
  id: 'wine',
  jobs: { nightly: 123 },
  models: { wine: { name: 'ml.prod.wine', alias: 'champion', endpoint: 'wine' } },
  floors: { auc: { direction: 'higher' as const, limit: 0.5 } },
};

function problemsOf(text: string): string[] {
  const result = parseRepositoryConfiguration(text, binding);
  if (!('problems' in result)) throw new Error('this file was expected to be wrong');
  return result.problems.map(({ line, path, message }) => `${line} ${path}: ${message}`);
}

const minimal = 'version: 1\ntrain: {entry: train.py}\nmetrics: {primary: rmse}\n';

test('the file of the documentation is read with all its values', () => {
  const result = parseRepositoryConfiguration(
    `version: 1
train:
  entry: train.py
  dependencies: requirements.txt
  paths: ["*.py", "data/**"]
  timeout: 30m
  parameters: {depth: {type: integer, default: 6, min: 1, max: 20}}
model: wine
metrics: {primary: rmse, gates: {rmse: {direction: lower, limit: 0.8, regression: 2%}}}
release: {on_merge: promote}
`,
    binding,
  );
  expect(result).toEqual({
    configuration: {
      train: { kind: 'entry', entry: 'train.py', dependencies: 'requirements.txt' },
      paths: ['*.py', 'data/**'],
      timeoutSeconds: 1800,
      parameters: [{ name: 'depth', type: 'integer', default: 6, min: 1, max: 20 }],
      model: 'wine',
      metrics: {
        primary: 'rmse',
        gates: [{ metric: 'rmse', direction: 'lower', limit: 0.8, regression: 0.02 }],
      },
      release: { onMerge: 'promote' },
    },
  });
});

test('what is left out takes its default', () => {
  expect(parseRepositoryConfiguration(minimal, binding)).toEqual({
    configuration: {
      train: { kind: 'entry', entry: 'train.py', dependencies: null },
      paths: [],
      timeoutSeconds: 3600,
      parameters: [],
      model: null,
      metrics: { primary: 'rmse', gates: [] },
      release: { onMerge: 'none' },
    },
  });
});

test('every wrong key is reported at once, with its line and what was probably meant', () => {
  expect(
    problemsOf('version: 2\ntrian:\n  entry: train.py\nmetrics:\n  primry: rmse\n  gates: high\n'),
  ).toEqual([
    '1 train: "train" is missing: it must be a group that says what to train, such as {entry: train.py}.',
    '1 version: "version" must be 1; it is 2.',
    '2 trian: "trian" is not known here. Did you mean "train"?',
    '4 metrics.primary: "primary" is missing: it must be the name of the metric that matters most.',
    '5 metrics.primry: "primry" is not known here. Did you mean "primary"?',
    '6 metrics.gates: "gates" must be a group of gates by the name of their metric; it is "high".',
  ]);
});

test('values that contradict each other are reported where they stand', () => {
  const problems = problemsOf(`version: 1
train:
  entry: ../train.sh
  timeout: 3 weeks
  parameters:
    depth: {type: integer, default: 60, min: 1, max: 20}
    mode: {type: string, default: slow, choices: [fast, faster], min: 1}
model: wien
metrics:
  primary: rmse
  gates:
    rmse: {direction: lower, regression: 200%}
    mae: {direction: lower}
    auc: {direction: lower, limit: 0.6}
release:
  on_merge: promote
`);
  expect(problems).toEqual([
    '3 train.entry: "entry" must not contain "..", "." or empty steps, such as "src/train.py"; it is "../train.sh".',
    '3 train.entry: "entry" must be a Python file ending in .py; it is "../train.sh".',
    '4 train.timeout: "timeout" must be a time between 1m and 24h, such as 30m; it is "3 weeks".',
    '6 train.parameters.depth.default: The default of depth must be at most 20; it is 60.',
    '7 train.parameters.mode.min: "min" is for numbers; this is a string.',
    '7 train.parameters.mode.default: The default of mode must be one of fast, faster; it is "slow".',
    '8 model: The binding "wine" names no model "wien". Did you mean "wine"? An administrator can add one to the server\'s configuration.',
    '12 metrics.gates.rmse.regression: "regression" must be a percentage from 0% to 100%, such as 2%; it is "200%".',
    '13 metrics.gates.mae: The gate on "mae" says nothing: give it "limit", "regression" or both.',
    '14 metrics.gates.auc.direction: The server\'s configuration says that "auc" gets better when higher: use "higher".',
  ]);
});

test('a job must be one that the binding names', () => {
  expect(problemsOf('version: 1\ntrain: {job: weekly}\nmetrics: {primary: rmse}\n')).toEqual([
    '2 train.job: The binding "wine" names no job "weekly". It names: nightly. An administrator can add one to the server\'s configuration.',
  ]);
  const result = parseRepositoryConfiguration(
    'version: 1\ntrain: {job: nightly}\nmetrics: {primary: rmse}\n',
    binding,
  );
  expect(result).toMatchObject({ configuration: { train: { kind: 'job', job: 'nightly' } } });
});

test.each([
  ['', 'The file must be a group'],
  ['- a\n- b\n', 'The file must be a group'],
  ['version: 1\nversion: 1\n', 'not valid YAML'],
  ['version: [1\n', 'not valid YAML'],
  ['a: 1\n---\nb: 1\n', 'not valid YAML'],
  [`${'#'.repeat(70_000)}`, 'larger than 64 KiB'],
  [`${minimal}release: {on_merge: promote}\n`, '"promote" needs a model'],
  [minimal.replace('rmse', '.nan'), '"primary" must be'],
  [`${minimal}__proto__: {a: 1}\n`, '"__proto__" is not known here'],
  [minimal.replace('{entry: train.py}', '{entry: train.py, job: nightly}'), 'both "entry" and "job"'],
  [minimal.replace('{entry: train.py}', '{}'), 'needs "entry" or "job"'],
  [
    minimal.replace('train.py}', 'train.py, parameters: {"a b": {type: integer, default: 1}}}'),
    'cannot be a name',
  ],
])('a file that cannot be used says why (%#)', (text, message) => {
  expect(problemsOf(text).join('\n')).toContain(message);
});

test('anchors cannot blow a small file up', () => {
  const bomb = ['a: &a [x,x,x,x,x,x,x,x,x,x]'];
  for (let i = 1; i < 9; i++) {
    const [name, last] = ['abcdefghij'[i], 'abcdefghij'[i - 1]];
    bomb.push(`${name}: &${name} [${Array(10).fill(`*${last}`).join(',')}]`);
  }
  expect(problemsOf(bomb.join('\n')).join('\n')).toContain('cannot be read');
});

test('promoting on merge needs a gate: the repository’s own or a floor of the binding', () => {
  const text = `${minimal}model: wine\nrelease: {on_merge: promote}\n`;
  expect(parseRepositoryConfiguration(text, binding)).toHaveProperty('configuration');
  const result = parseRepositoryConfiguration(text, { ...binding, floors: {} });
  expect(result).toMatchObject({
    problems: [{ line: 5, message: expect.stringContaining('needs at least one gate') }],
  });
});
