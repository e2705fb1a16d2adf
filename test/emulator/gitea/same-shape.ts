/**
 * How an answer's shape differs from a recording's: fields that are missing or too many, and JSON types that are
 * others. Values may differ; null on one side only counts as a difference, and so does an empty list's content not.
 */
export function shapeDifferences(recorded: unknown, answered: unknown, path = '$'): string[] {
  const kinds = [kind(recorded), kind(answered)];
  if (kinds[0] !== kinds[1]) return [`${path}: ${kinds[0]} recorded, ${kinds[1]} answered`];
  if (Array.isArray(recorded) && Array.isArray(answered)) {
    if (recorded.length === 0 || answered.length === 0) {
      return recorded.length === answered.length
        ? []
        : [`${path}: ${recorded.length} entries recorded, ${answered.length} answered`];
    }
    return answered.flatMap((one, at) =>
      shapeDifferences(recorded[Math.min(at, recorded.length - 1)], one, `${path}[${at}]`),
    );
  }
  if (kinds[0] !== 'object') return [];
  const left = recorded as Record<string, unknown>;
  const right = answered as Record<string, unknown>;
  return [
    ...Object.keys(left)
      .filter((key) => !(key in right))
      .map((key) => `${path}.${key}: missing`),
    ...Object.keys(right)
      .filter((key) => !(key in left))
      .map((key) => `${path}.${key}: not recorded`),
    ...Object.keys(left)
      .filter((key) => key in right)
      .flatMap((key) => shapeDifferences(left[key], right[key], `${path}.${key}`)),
  ];
}

function kind(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'list' : typeof value;
}

/** What no two instances share, or what the recorded one had not counted yet when it answered. */
const volatile = new Set([
  'client_id',
  'client_secret',
  'size',
  'language',
  'last_login',
  'open_pr_counter',
  'forks_count',
  'watchers_count',
]);

/** How the values differ from a recording's, but for times, commit ids, host names, avatars and what is volatile. */
export function valueDifferences(recorded: unknown, answered: unknown, path = '$'): string[] {
  if (
    typeof recorded === 'object' &&
    recorded !== null &&
    typeof answered === 'object' &&
    answered !== null
  ) {
    const left = recorded as Record<string, unknown>;
    const right = answered as Record<string, unknown>;
    return [...new Set([...Object.keys(left), ...Object.keys(right)])]
      .filter((key) => !volatile.has(key))
      .flatMap((key) => valueDifferences(left[key], right[key], `${path}.${key}`));
  }
  const [one, other] = [comparable(recorded), comparable(answered)];
  return one === other ? [] : [`${path}: ${one} recorded, ${other} answered`];
}

function comparable(value: unknown): unknown {
  return typeof value === 'string' ? comparableText(value) : value;
}

/** A text without times, commit ids, host names and avatars, and without the lines' values that are volatile. */
export function comparableText(text: string): string {
  return text
    .replace(/http:\/\/127\.0\.0\.1:\d+/g, '<host>')
    .replace(/gitea@[^:]+:/g, 'gitea@<host>:')
    .replace(/\/avatars\/[0-9a-f]{32}/g, '/avatars/<hash>')
    .replace(/[0-9a-f]{40}/g, '<sha>')
    .replace(/20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)/g, '<time>')
    .replace(/^(\s*"(\w+)": ).*?(,?)$/gm, (line, start, name, comma) =>
      volatile.has(name) ? `${start}<volatile>${comma}` : line,
    );
}
