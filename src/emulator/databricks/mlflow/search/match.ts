import type { Clause } from './filter.ts';

/** What a clause compares with; undefined where the thing has no such key. */
type ReadKey<Thing> = (thing: Thing, clause: Clause) => string | number | undefined;

/** A LIKE pattern (`%` any text, `_` one sign) as a regular expression. */
export function likeExpression(pattern: string, flags: string): RegExp {
  const wildcards: Record<string, string> = { '%': '.*', _: '.' };
  const source = [...pattern].map((sign) => wildcards[sign] ?? RegExp.escape(sign)).join('');
  return new RegExp(`^${source}$`, flags);
}

function holds(found: string | number | undefined, { comparator, value }: Clause): boolean {
  if (comparator === 'IS NULL') return found === undefined;
  if (comparator === 'IS NOT NULL') return found !== undefined;
  if (found === undefined || value === undefined) return false;
  if (Array.isArray(value)) return value.includes(String(found)) === (comparator === 'IN');
  switch (comparator) {
    case '=':
      return found === value;
    case '!=':
      return found !== value;
    case '<':
      return found < value;
    case '<=':
      return found <= value;
    case '>':
      return found > value;
    case '>=':
      return found >= value;
    default:
      return likeExpression(String(value), comparator === 'ILIKE' ? 'isu' : 'su').test(String(found));
  }
}

/** A predicate for few things that are in memory anyway; runs are searched in the database (sql.ts). */
export function matcher<Thing>(clauses: Clause[], read: ReadKey<Thing>): (thing: Thing) => boolean {
  return (thing) => clauses.every((clause) => holds(read(thing, clause), clause));
}

/** Compares by the first key that differs; things without a key come last. */
export function comparing<Thing>(
  keys: { ascending: boolean; read: (thing: Thing) => string | number | undefined }[],
): (a: Thing, b: Thing) => number {
  return (a, b) => {
    for (const { ascending, read } of keys) {
      const [left, right] = [read(a), read(b)];
      if (left === right) continue;
      if (left === undefined) return 1;
      if (right === undefined) return -1;
      return left < right === ascending ? -1 : 1;
    }
    return 0;
  };
}
