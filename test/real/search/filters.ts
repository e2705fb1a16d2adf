import fc from 'fast-check';
import { user } from './log-runs.ts';
import {
  firstStart,
  metricKeys,
  metricValues,
  names,
  paramKeys,
  startGap,
  statuses,
  tagKeys,
  texts,
} from './runs.ts';

/** Stands for the id of a run, which differs between counterparts: `{run 17}`. */
export const runPlaceholder = /\{run (\d+)\}/g;

const one = fc.constantFrom<string[]>;
const concat = (...parts: fc.Arbitrary<string>[]) => fc.tuple(...parts).map((texts) => texts.join(''));

const metricType = one('metrics', 'metrics', 'metric', '`metrics`');
const paramType = one('params', 'params', 'param', 'parameter', 'parameters');
const tagType = one('tags', 'tags', 'tag');
const attributePrefix = one('', '', 'attributes.', 'attribute.', 'attr.', 'run.');

/** A key as a filter may write it: bare where that can be read, else quoted. */
const written = (key: string) =>
  /^[A-Za-z_][A-Za-z0-9_]*$/.test(key)
    ? one(key, key, key, `"${key}"`, `\`${key}\``, `'${key}'`)
    : one(`"${key}"`, `"${key}"`, `\`${key}\``, `\`${key}\``, `'${key}'`);
const keyOf = (keys: readonly string[]) => fc.constantFrom(...keys, 'no such key').chain(written);

const space = one(' ', ' ', ' ', '  ', '\t', '\n');
const gap = one(' ', ' ', ' ', '', '  ');
const numeric = one('=', '!=', '<', '<=', '>', '>=');
const equal = one('=', '!=');
const pattern = one('LIKE', 'ILIKE', 'like', 'ilike', 'Like');
const within = one('IN', 'NOT IN', 'in', 'not in');
const nullness = one('IS NULL', 'IS NOT NULL', 'is null', 'is not null', 'IS  NULL');

const number = fc.oneof(
  fc.constantFrom(...metricValues.filter((value) => typeof value === 'number')).map(String),
  fc.integer({ min: -6, max: 6 }).map(String),
  one(
    '0.0',
    '1.',
    '.5',
    '1e2',
    '1E2',
    '1e-3',
    '-1.5',
    '00',
    '1.7976931348623157e308',
    '99999999999999999999',
  ),
);
const time = fc.oneof(
  fc.integer({ min: -1, max: 2001 }).map((at) => String(firstStart + at * startGap)),
  one('0', '-1', String(firstStart + 500), `${firstStart}.5`),
);

/** A text in quotes that can hold it. Double quotes are as good as single ones. */
const quoted = (text: string) =>
  text.includes("'")
    ? fc.constant(`"${text}"`)
    : text.includes('"')
      ? fc.constant(`'${text}'`)
      : one(`'${text}'`, `'${text}'`, `"${text}"`);
const plainTexts = texts.filter((text) => !/["\\`\n]/.test(text));
const text = fc.constantFrom(...plainTexts).chain(quoted);
const patterns = fc
  .constantFrom(
    '%',
    'm%',
    'M%',
    '%n',
    '%ai%',
    'main',
    '100%',
    '100_',
    '1%0',
    '%_%',
    '____',
    '%\\%',
    'GR%',
    'gr__e',
    '_',
    '',
    '%☃',
    '%[%',
    '%feature/%',
  )
  .chain(quoted);
const runId = fc.integer({ min: 0, max: 1999 }).map((place) => `{run ${place}}`);
const list = (value: fc.Arbitrary<string>) =>
  fc
    .array(value, { minLength: 1, maxLength: 4 })
    .chain((values) => one(`(${values.join(', ')})`, `(${values.join(',')})`, `( ${values.join(' , ')} )`));

const timeKey = one('start_time', 'start_time', 'end_time', 'created', 'Created');
const ofRun = (value: fc.Arbitrary<string>, key: fc.Arbitrary<string>) =>
  fc.oneof(
    concat(attributePrefix, key, gap, equal, gap, value),
    concat(attributePrefix, key, space, pattern, space, fc.oneof(value, patterns)),
  );

/** One comparison that MLflow understands. */
export const comparison = fc.oneof(
  {
    weight: 6,
    arbitrary: concat(metricType, fc.constant('.'), keyOf(metricKeys), gap, numeric, gap, number),
  },
  { weight: 3, arbitrary: concat(paramType, fc.constant('.'), keyOf(paramKeys), gap, equal, gap, text) },
  {
    weight: 3,
    arbitrary: concat(paramType, fc.constant('.'), keyOf(paramKeys), space, pattern, space, patterns),
  },
  { weight: 3, arbitrary: concat(tagType, fc.constant('.'), keyOf(tagKeys), gap, equal, gap, text) },
  {
    weight: 3,
    arbitrary: concat(tagType, fc.constant('.'), keyOf(tagKeys), space, pattern, space, patterns),
  },
  { weight: 1, arbitrary: concat(paramType, fc.constant('.'), keyOf(paramKeys), space, nullness) },
  { weight: 1, arbitrary: concat(tagType, fc.constant('.'), keyOf(tagKeys), space, nullness) },
  { weight: 3, arbitrary: concat(attributePrefix, timeKey, gap, numeric, gap, time) },
  {
    weight: 2,
    arbitrary: ofRun(
      fc.constantFrom(...statuses, 'DONE', 'finished').map((s) => `'${s}'`),
      fc.constant('status'),
    ),
  },
  {
    weight: 2,
    arbitrary: ofRun(
      fc.constantFrom(...names).chain(quoted),
      one('run_name', 'run_name', '`run name`', '`Run name`', '"Run Name"'),
    ),
  },
  { weight: 1, arbitrary: ofRun(fc.constantFrom(user, 'nobody').chain(quoted), fc.constant('user_id')) },
  {
    weight: 1,
    arbitrary: concat(
      attributePrefix,
      one("artifact_uri LIKE '%/artifacts'", "artifact_uri ilike '%/ARTIFACTS'", "artifact_uri != 'nowhere'"),
    ),
  },
  {
    weight: 1,
    arbitrary: concat(
      attributePrefix,
      fc.constant('run_id'),
      space,
      one('=', '!=', 'LIKE', 'ilike'),
      space,
      runId.map((id) => `'${id}'`),
    ),
  },
  {
    weight: 2,
    arbitrary: concat(
      attributePrefix,
      fc.constant('run_id'),
      space,
      within,
      gap,
      list(runId.map((id) => `'${id}'`)),
    ),
  },
);

/** One to four comparisons. */
export const filter = fc
  .tuple(
    comparison,
    fc.array(fc.tuple(one(' AND ', ' AND ', ' and ', ' And ', '  AND\n'), comparison), { maxLength: 3 }),
  )
  .chain(([first, rest]) =>
    concat(one('', '', '', ' '), fc.constant(first + rest.flat().join('')), one('', '', '', ' ')),
  );

/** What people write and MLflow refuses (or reads in its own way). */
export const brokenFilter = fc.oneof(
  // The wrong kind of value or comparator.
  concat(
    metricType,
    fc.constant('.'),
    keyOf(metricKeys),
    space,
    fc.oneof(numeric, pattern, within, nullness),
    space,
    fc.oneof(text, number, one('NaN', 'inf', 'abc', "('1')", '(1, 2)')),
  ),
  concat(
    fc.oneof(paramType, tagType),
    fc.constant('.'),
    keyOf(paramKeys),
    space,
    fc.oneof(one('<', '>=', '==', '<>', '~'), within, equal),
    space,
    fc.oneof(number, one("('a')", 'abc', '`abc`', "''", "'open", '"open')),
  ),
  concat(
    attributePrefix,
    one('run_id', 'status', 'run_name', 'start_time', 'end_time'),
    space,
    fc.oneof(numeric, within, nullness, pattern),
    space,
    fc.oneof(
      text,
      time,
      one("('a')", "('a', 'b',)", '()', '(1)', "('a' 'b')", "('a'", "'a')", '1e', 'now()'),
    ),
  ),
  // Keys that are not quoted though they must be, or in another way.
  concat(
    fc.oneof(metricType, tagType),
    one(
      '.val/acc.top-1',
      '.f1-score',
      '.test loss',
      '.1a',
      '.rmse.',
      '..rmse',
      '."rmse".x',
      ".'rmse'.x",
      ".'rmse",
      '.a@b',
      ' .rmse',
    ),
    gap,
    numeric,
    gap,
    fc.oneof(number, text),
  ),
  // Unknown types and attributes.
  concat(
    one(
      'metricss.',
      'METRICS.',
      'Tags.',
      'data.',
      'dataset.',
      '`params`.',
      'lifecycle_stage',
      'experiment_id',
      'attributes.color',
      'attribute.run_uuid',
      'params',
      'metrics.',
      '.a',
      'name',
    ),
    space,
    equal,
    space,
    fc.oneof(text, number),
  ),
  // Clauses that are joined or nested in another way, or cut off.
  fc
    .tuple(comparison, comparison)
    .chain(([left, right]) =>
      one(
        `${left} OR ${right}`,
        `${left}, ${right}`,
        `${left} AND`,
        `AND ${left}`,
        `${left} AND AND ${right}`,
        `(${left})`,
        `NOT ${left}`,
        `${left}; ${right}`,
        `${left};`,
        `${left} && ${right}`,
        `${left} AND (${right})`,
      ),
    ),
  fc
    .tuple(comparison, fc.integer({ min: 1, max: 30 }))
    .map(([whole, cut]) => [...whole].slice(0, -cut).join('') || whole),
  one(
    '   ',
    'AND',
    "'a' = 'a'",
    "'status' = 'FINISHED'",
    "'start_time' > 1",
    '1 = 1',
    'metrics',
    '= 1',
    'true',
    '*',
    'select 1',
    '1',
    "status = 'FINISHED' -- all",
    '/* x */',
  ),
);

/** One entry of `order_by`. */
const orderKey = fc.oneof(
  { weight: 4, arbitrary: concat(metricType, fc.constant('.'), keyOf(metricKeys)) },
  { weight: 2, arbitrary: concat(paramType, fc.constant('.'), keyOf(paramKeys)) },
  { weight: 2, arbitrary: concat(tagType, fc.constant('.'), keyOf(tagKeys)) },
  {
    weight: 3,
    arbitrary: concat(
      attributePrefix,
      one('start_time', 'end_time', 'status', 'run_name', 'created', 'Created', 'user_id'),
    ),
  },
);
export const order = concat(
  orderKey,
  one('', '', ' ASC', ' DESC', ' DESC', ' asc', ' desc', '  DESC', ' Desc'),
);
export const brokenOrder = fc.oneof(
  concat(orderKey, one(' UP', ' ASC DESC', ' DESC,', ' 1', ', status', ';', ' NULLS LAST', '.', " 'DESC'")),
  one(
    '',
    ' ',
    'DESC',
    'metrics',
    'metrics.',
    'color',
    'attributes.color DESC',
    'metric.rmse.x y',
    '1',
    "'a'",
    '`',
    '"open',
    'experiment_id',
    'lifecycle_stage',
    'METRICS.rmse',
    'dataset.name',
    'run_id ASC NULLS',
    '-start_time',
    "'start_time'",
    '`Run Name` DESC',
    '"run name"',
    'count(*)',
  ),
);
