import { invalid } from '../../errors.ts';
import type { EntityType } from './keys.ts';
import { entityTypeOf } from './keys.ts';
import { isQuotedName, tokenize, unquote } from './tokens.ts';

export interface Order {
  type: Exclude<EntityType, 'dataset'>;
  key: string;
  ascending: boolean;
}

/** Parses `metrics.rmse DESC`. @throws ApiError 400 for a clause that cannot be read. */
export function parseOrder(clause: string, attributes: readonly string[]): Order {
  const [name, way, ...rest] = tokenize(clause);
  const isName = name?.kind === 'identifier' || name?.kind === 'word' || (name && isQuotedName(name));
  if (!isName || rest.length > 0) throw invalid(`Invalid order_by clause '${clause}'. Could not be parsed.`);
  const direction = (way?.text ?? 'asc').toLowerCase();
  if (direction !== 'asc' && direction !== 'desc')
    throw invalid(`Invalid ordering key in order_by clause '${clause}'.`);
  const written = name.kind === 'string' ? unquote(name.text) : name.text;
  const { type, key } = entityTypeOf(written, attributes, 'order');
  if (type === 'dataset') throw invalid(`Invalid order_by clause '${clause}': data sets have no order.`);
  return { type, key, ascending: direction === 'asc' };
}
