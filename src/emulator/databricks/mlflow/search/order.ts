import { invalid } from '../../errors.ts';
import type { EntityType } from './keys.ts';
import { entityTypeOf } from './keys.ts';
import { unquote } from './tokens.ts';

export interface Order {
  type: EntityType;
  key: string;
  ascending: boolean;
}

/** Parses `metrics.rmse DESC`. @throws ApiError 400 for a clause that cannot be read. */
export function parseOrder(clause: string, attributes: readonly string[]): Order {
  const match = /^\s*((?:`[^`]*`|"[^"]*"|[^\s`"])+)(?:\s+(\S+))?\s*$/u.exec(clause);
  if (!match?.[1]) throw invalid(`Invalid order_by clause '${clause}'. Could not be parsed.`);
  const direction = (match[2] ?? 'asc').toLowerCase();
  if (direction !== 'asc' && direction !== 'desc')
    throw invalid(`Invalid ordering key in order_by clause '${clause}'.`);
  const name = match[1].includes('.') ? match[1] : unquote(match[1]);
  return { ...entityTypeOf(name, attributes), ascending: direction === 'asc' };
}
