import { describe, expect, test } from 'vitest';
import { parseConfig, pickEntity } from '../../../../src/emulator/databricks/serving/endpoint-config.ts';

const served = (...versions: number[]) =>
  versions.map((version) => ({ entity_name: 'ml.prod.wine', entity_version: String(version) }));
const traffic = (shares: Record<string, number>) => ({
  routes: Object.entries(shares).map(([name, share]) => ({
    served_entity_name: name,
    traffic_percentage: share,
  })),
});

describe('a configuration', () => {
  test('gives one entity all traffic and a name of its own where none is said', () => {
    expect(parseConfig({ served_entities: served(3) })).toMatchObject({
      served_entities: [{ name: 'wine-3', entity_name: 'ml.prod.wine', entity_version: '3' }],
      routes: [{ served_entity_name: 'wine-3', traffic_percentage: 100 }],
    });
  });

  test("may be written in the API's older words", () => {
    const config = parseConfig({
      served_models: [{ name: 'a', model_name: 'ml.prod.wine', model_version: 1 }],
      traffic_config: { routes: [{ served_model_name: 'a', traffic_percentage: 100 }] },
    });
    expect(config.served_entities[0]).toMatchObject({ name: 'a', entity_version: '1' });
  });

  test.each([
    ['no entity', { served_entities: [] }, 'at least one'],
    ['an entity without a version', { served_entities: [{ entity_name: 'ml.prod.wine' }] }, 'entity_version'],
    [
      'a version that is no number',
      { served_entities: [{ entity_name: 'a', entity_version: 'two' }] },
      'two',
    ],
    ['two entities of one name', { served_entities: served(1, 1) }, 'unique'],
    ['a name with a slash', { served_entities: [{ name: 'a/b', ...served(1)[0] }] }, 'a/b'],
    ['two entities and no traffic', { served_entities: served(1, 2) }, 'traffic_config is required'],
    ['a route to nothing', { served_entities: served(1), traffic_config: traffic({ other: 100 }) }, 'wine-1'],
    ['99 %', { served_entities: served(1, 2), traffic_config: traffic({ 'wine-1': 99, 'wine-2': 0 }) }, '99'],
    [
      '-1 %',
      { served_entities: served(1, 2), traffic_config: traffic({ 'wine-1': 101, 'wine-2': -1 }) },
      '101',
    ],
    [
      'half a percent',
      { served_entities: served(1), traffic_config: traffic({ 'wine-1': 99.5 }) },
      'integer',
    ],
  ])('with %s is refused', (_, config, why) => {
    expect(() => parseConfig(config)).toThrow(why);
  });
});

test.each([
  [0, 'wine-1'],
  [0.2499, 'wine-1'],
  [0.25, 'wine-3'],
  [0.9999, 'wine-3'],
])('a draw of %s falls to %s when the shares are 25, 0 and 75', (draw, expected) => {
  const config = parseConfig({
    served_entities: served(1, 2, 3),
    traffic_config: traffic({ 'wine-1': 25, 'wine-2': 0, 'wine-3': 75 }),
  });
  expect(pickEntity(config, draw)?.name).toBe(expected);
});
