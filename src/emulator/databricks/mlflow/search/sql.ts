import type { DatabaseSync } from 'node:sqlite';
import type { Clause } from './filter.ts';
import { likeExpression } from './match.ts';
import type { Order } from './order.ts';

/** A piece of SQL with the values of its parameters. Texts and keys are always parameters. */
interface Sql {
  text: string;
  values: (string | number)[];
}

/** SQLite's own LIKE ignores case and its GLOB has another pattern language, so both of MLflow's are functions. */
export function addLikeFunctions(db: DatabaseSync): void {
  const compiled = new Map<string, RegExp>();
  const matches = (flags: string) => (value: unknown, pattern: unknown) => {
    const key = `${flags} ${pattern}`;
    let expression = compiled.get(key);
    if (!expression) {
      if (compiled.size > 100) compiled.clear();
      expression = likeExpression(String(pattern), flags);
      compiled.set(key, expression);
    }
    return expression.test(String(value)) ? 1 : 0;
  };
  db.function('mlflow_like', { deterministic: true }, matches('su'));
  db.function('mlflow_ilike', { deterministic: true }, matches('isu'));
}

function compare(column: string, { comparator, value }: Clause): Sql {
  if (Array.isArray(value))
    return {
      text: `${column} ${comparator} (select value from json_each(?))`,
      values: [JSON.stringify(value)],
    };
  const operand = value as string | number;
  if (comparator === 'LIKE') return { text: `mlflow_like(${column}, ?)`, values: [operand] };
  if (comparator === 'ILIKE') return { text: `mlflow_ilike(${column}, ?)`, values: [operand] };
  return { text: `${column} ${comparator} ?`, values: [operand] };
}

/** The condition of one clause on a run `r`. A run without the key never matches, also not `!=`, as in MLflow. */
export function conditionOf(clause: Clause): Sql {
  const { type, key, comparator } = clause;
  if (type === 'attribute') return compare(`r.${key}`, clause);
  if (type === 'metric') {
    const { text, values } = compare('m.value', clause);
    // NaN is unequal to everything and nothing else.
    const holds = comparator === '!=' ? `(m.is_nan or ${text})` : `not m.is_nan and ${text}`;
    return {
      text: `exists (select 1 from mlflow_latest_metrics m where m.run_id = r.run_id and m.key = ? and ${holds})`,
      values: [key, ...values],
    };
  }
  if (type === 'dataset') {
    const context = `(select json_extract(t.value, '$.value') from json_each(d.input, '$.tags') t where json_extract(t.value, '$.key') = 'mlflow.data.context')`;
    const { text, values } = compare(key === 'context' ? context : `d.${key}`, clause);
    return {
      text: `exists (select 1 from mlflow_run_datasets d where d.run_id = r.run_id and ${text})`,
      values,
    };
  }
  const table = type === 'tag' ? 'mlflow_tags' : 'mlflow_params';
  const present = `exists (select 1 from ${table} e where e.run_id = r.run_id and e.key = ?`;
  if (comparator === 'IS NULL') return { text: `not ${present})`, values: [key] };
  if (comparator === 'IS NOT NULL') return { text: `${present})`, values: [key] };
  const { text, values } = compare('e.value', clause);
  return { text: `${present} and ${text})`, values: [key, ...values] };
}

/** One ORDER BY term. Runs without the key come last in both directions, NaN just before them. */
export function orderTerm({ type, key, ascending }: Order): Sql {
  const direction = ascending ? 'asc' : 'desc';
  if (type === 'attribute') return { text: `r.${key} is null, r.${key} ${direction}`, values: [] };
  if (type === 'metric') {
    const from = 'from mlflow_latest_metrics m where m.run_id = r.run_id and m.key = ?';
    return {
      text: `coalesce((select m.is_nan ${from}), 2), (select m.value ${from}) ${direction}`,
      values: [key, key],
    };
  }
  const table = type === 'tag' ? 'mlflow_tags' : 'mlflow_params';
  const value = `(select e.value from ${table} e where e.run_id = r.run_id and e.key = ?)`;
  return { text: `${value} is null, ${value} ${direction}`, values: [key, key] };
}
