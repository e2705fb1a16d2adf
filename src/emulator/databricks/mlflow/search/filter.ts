import { invalid } from '../../errors.ts';
import type { EntityType, Searchable } from './keys.ts';
import { entityTypeOf } from './keys.ts';
import type { Token } from './tokens.ts';
import { isQuotedName, tokenize, unquote } from './tokens.ts';

/** One clause of a filter: `metrics.rmse <= 0.7`. */
export interface Clause {
  type: EntityType;
  key: string;
  comparator: string;
  /** A number for metrics and numeric attributes, a list for IN, absent for IS NULL. */
  value: string | number | string[] | undefined;
}

const numeric = ['=', '!=', '<', '<=', '>', '>='];
const textual = ['=', '!=', 'LIKE', 'ILIKE'];
const comparators: Record<EntityType | 'numericAttribute', readonly string[]> = {
  metric: numeric,
  numericAttribute: numeric,
  parameter: [...textual, 'IS NULL', 'IS NOT NULL'],
  tag: [...textual, 'IS NULL', 'IS NOT NULL'],
  attribute: [...textual, 'IN', 'NOT IN'],
  dataset: [...textual, 'IN', 'NOT IN'],
};

/**
 * Parses MLflow's filter grammar: comparisons that must all hold (mlflow `utils/search_utils.py`).
 * @throws ApiError 400 INVALID_PARAMETER_VALUE that names the part that is wrong.
 */
export function parseFilter(filter: string | undefined, searchable: Searchable): Clause[] {
  const tokens = tokenize(filter ?? '');
  if (filter && tokens.length === 0) throw invalid('Invalid clause(s) in filter string: it is blank.');
  const clauses: Clause[] = [];
  let at = 0;

  const is = (token: Token | undefined, word: string) =>
    token?.kind === 'word' && token.text.toUpperCase() === word;
  const next = () => tokens[at++];

  function comparatorAfter(left: Token): string {
    const token = next();
    if (token?.kind === 'comparator') return token.text;
    if (is(token, 'LIKE') || is(token, 'ILIKE') || is(token, 'IN')) return token?.text.toUpperCase() ?? '';
    if (is(token, 'NOT') && is(tokens[at], 'IN')) {
      at += 1;
      return 'NOT IN';
    }
    if (is(token, 'IS')) {
      const negated = is(tokens[at], 'NOT');
      if (negated) at += 1;
      if (is(next(), 'NULL')) return negated ? 'IS NOT NULL' : 'IS NULL';
    }
    throw invalid(
      `Invalid comparison clause: expected a comparator after '${left.text}', found ${token ? `'${token.text}'` : 'the end of the filter'}.`,
    );
  }

  function list(): string[] {
    const broken = invalid("While parsing a list in the query, expected values like ('a', 'b').");
    const values: string[] = [];
    if (next()?.kind !== '(') throw broken;
    for (;;) {
      // A comma may follow the last value, and values without one between them are one value: a list of Python's.
      if (tokens[at]?.kind === ')' && values.length > 0) break;
      let value = quoted(next());
      while (tokens[at]?.kind === 'string') value += quoted(next());
      values.push(value);
      if (tokens[at]?.kind === ',') at += 1;
      else if (tokens[at]?.kind !== ')') throw broken;
    }
    at += 1;
    return values;

    function quoted(token: Token | undefined): string {
      if (token?.kind !== 'string' || token.text.startsWith('`')) throw broken;
      return unquote(token.text);
    }
  }

  function comparison(left: Token): Clause {
    const name = left.kind === 'identifier' ? left.text : `attribute.${left.text}`;
    const { type, key } = entityTypeOf(name, searchable.attributes, 'filter');
    const comparator = comparatorAfter(left);
    const isNumber =
      type === 'metric' || (type === 'attribute' && searchable.numericAttributes.includes(key));
    const allowed = comparators[type === 'attribute' && isNumber ? 'numericAttribute' : type];
    if (!allowed.includes(comparator))
      throw invalid(`Invalid comparator '${comparator}' not one of '${allowed.join("', '")}'`);
    if (comparator.startsWith('IS')) return { type, key, comparator, value: undefined };
    if (comparator.endsWith('IN')) {
      if (type === 'attribute' && !searchable.listAttributes.includes(key))
        throw invalid(
          `Only ['${searchable.listAttributes.join("', '")}'] attributes support comparison with a list of quoted string values.`,
        );
      return { type, key, comparator, value: list() };
    }
    const value = next();
    if (isNumber) {
      if (value?.kind !== 'number')
        throw invalid(
          `Expected numeric value type for ${type === 'metric' ? 'metric' : `numeric attribute: ${key}`}. Found ${value?.text ?? 'nothing'}`,
        );
      return { type, key, comparator, value: Number(value.text) };
    }
    if (value?.kind !== 'string' || value.text.startsWith('`'))
      throw invalid(
        `Expected a quoted string value for ${type} (e.g. 'my-value'). Got value ${value?.text ?? 'nothing'}`,
      );
    return { type, key, comparator, value: unquote(value.text) };
  }

  // MLflow overlooks every AND that is one too many.
  for (let left = next(); left; left = next()) {
    if (is(left, 'AND')) continue;
    if (clauses.length > 0 && !is(tokens[at - 2], 'AND'))
      throw invalid(`Invalid clause(s) in filter string: '${left.text}'. Clauses are joined by AND.`);
    const isKey = left.kind === 'identifier' || left.kind === 'word' || isQuotedName(left);
    if (!isKey) throw invalid(`Invalid clause(s) in filter string: '${left.text}'`);
    clauses.push(comparison(left));
  }
  return clauses;
}
