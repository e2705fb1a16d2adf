import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readStory } from '../../src/demo/story/story.ts';
import { parseRepositoryConfiguration } from '../../src/server/config/parse-repository-configuration.ts';

const example = 'examples/wine';
const repository = join(example, 'repository');
const read = (...path: string[]) => readFileSync(join(repository, ...path), 'utf8');

describe('the example repository', () => {
  test('has a configuration that the backend accepts', () => {
    const binding = {
      id: 'wine',
      repositories: ['ml/wine'],
      workspace: 'main',
      branch: null,
      experiment: '/Shared/gitea/{repository_id}',
      jobs: {},
      models: { wine: { name: 'ml.prod.wine', alias: 'champion', endpoint: 'wine' } },
      principals: { trainer: 't', releaser: 'r', fork: 'f' },
      floors: {},
    };
    const result = parseRepositoryConfiguration(read('.gitea', 'databricks.yml'), binding);
    expect(result).not.toHaveProperty('problems');
    expect(result).toMatchObject({
      configuration: {
        train: { kind: 'entry', entry: 'train.py', dependencies: 'requirements.txt' },
        model: 'wine',
        metrics: { primary: 'rmse' },
        release: { onMerge: 'promote' },
      },
    });
  });

  test('brings its data with source and licence', () => {
    const [header = '', ...rows] = read('data', 'wine.csv').trim().split('\n');
    expect(rows).toHaveLength(178);
    const columns = header.split(',');
    expect(columns).toHaveLength(14);
    for (const row of rows)
      expect(row.split(',').every((value) => value !== '' && Number.isFinite(Number(value)))).toBe(true);
    const data = read('data', 'DATA.md');
    for (const fact of ['Aeberhard', 'UCI Machine Learning Repository', 'CC BY 4.0', ...columns])
      expect(data).toContain(fact);
  });

  test('pins every dependency exactly', () => {
    for (const line of read('requirements.txt').trim().split('\n'))
      expect(line).toMatch(/^[a-z-]+==[\d.]+(; python_version [<>=]+ "3\.\d+")?$/);
  });
});

describe('the story of the example', () => {
  const { steps } = readStory(example);
  const of = <Kind extends (typeof steps)[number]['kind']>(kind: Kind) =>
    steps.filter((step): step is Extract<(typeof steps)[number], { kind: Kind }> => step.kind === kind);

  test('pushes at least five commits, each of which changes what is trained', () => {
    const pushes = of('push');
    expect(pushes.length).toBeGreaterThanOrEqual(5);
    const models = pushes.map(({ files }) => readFileSync(join(example, files, 'model.py'), 'utf8'));
    expect(new Set(models).size).toBe(pushes.length);
    for (const { message } of pushes) expect(message.split('\n')[0]?.length).toBeLessThanOrEqual(72);
  });

  test('merges two pull requests for a release, closes one that failed, and leaves one open', () => {
    const opened = of('open').map(({ branch }) => branch);
    const merged = of('merge').map(({ branch }) => branch);
    const closed = of('close').map(({ branch }) => branch);
    expect(of('merge').filter(({ expect }) => expect === 'released')).toHaveLength(2);
    expect(
      of('open')
        .filter((step) => step.expect === 'failure')
        .map(({ branch }) => branch),
    ).toEqual(closed);
    expect(opened.filter((branch) => !merged.includes(branch) && !closed.includes(branch))).toHaveLength(1);
    for (const branch of merged) expect(of('approve').some((step) => step.branch === branch)).toBe(true);
  });
});
