import { posix } from 'node:path';
import { invalid } from '../errors.ts';

/** MLflow's limits (mlflow `utils/validation.py`); lengths in characters. */
export const limits = {
  metricsPerBatch: 1000,
  paramsPerBatch: 100,
  tagsPerBatch: 100,
  entitiesPerBatch: 1000,
  keyLength: 250,
  paramLength: 6000,
  tagLength: 8000,
  experimentNameLength: 500,
  experimentTagLength: 20_000,
  /** Of each run, in `metrics/get-history-bulk-interval`. */
  sampledPoints: 2500,
} as const;

/** @throws ApiError 400 unless `name` may be the key of a metric, param or tag. */
export function requireKey(kind: 'metric' | 'param' | 'tag', name: string): void {
  if (name === '') throw invalid(`Missing value for required parameter 'key' of a ${kind}.`);
  if (name.length > limits.keyLength)
    throw invalid(
      `${kind} key '${name.slice(0, 20)}…' exceeds the maximum length of ${limits.keyLength} characters.`,
    );
  if (!/^[/\p{L}\p{N}_.\- :]*$/u.test(name))
    throw invalid(
      `Invalid ${kind} name: '${name}'. Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/).`,
    );
  const normal = posix.normalize(name);
  if (normal !== name || normal === '.' || normal.startsWith('..') || normal.startsWith('/'))
    throw invalid(
      `Invalid ${kind} name: '${name}'. Names may be treated as files in certain cases, and must not resolve to other names when treated as such. This name would resolve to '${normal}'.`,
    );
}

export function requireLength(what: string, value: string, limit: number): void {
  if (value.length > limit)
    throw invalid(`${what} had length ${value.length}, which exceeded length limit of ${limit}.`);
}

/** @throws ApiError 400 when a batch holds more than MLflow takes at once. */
export function requireBatch(counts: { metrics: number; params: number; tags: number }): void {
  const check = (what: string, count: number, limit: number) => {
    if (count > limit)
      throw invalid(
        `A batch logging request can contain at most ${limit} ${what}. Got ${count} ${what}. Please split up ${what} across multiple requests and try again.`,
      );
  };
  check('metrics', counts.metrics, limits.metricsPerBatch);
  check('params', counts.params, limits.paramsPerBatch);
  check('tags', counts.tags, limits.tagsPerBatch);
  check('entities', counts.metrics + counts.params + counts.tags, limits.entitiesPerBatch);
}

/** @throws ApiError 400 when a batch names one param twice, with the same value or another. */
export function requireDistinct(paramKeys: string[]): void {
  const twice = paramKeys.filter((key, at) => paramKeys.indexOf(key) < at);
  if (twice.length > 0)
    throw invalid(
      `Duplicate parameter keys have been submitted: ${twice.join(', ')}. Please ensure the request contains only one param value per param key.`,
    );
}
