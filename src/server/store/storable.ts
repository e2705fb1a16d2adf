/**
 * A parameter as both databases keep it: PostgreSQL refuses a text with the character NUL
 * (https://www.postgresql.org/docs/current/datatype-character.html), which error texts from outside may hold.
 */
export function storable(value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (value instanceof Date) return value.toISOString();
  return typeof value === 'string' && value.includes('\0') ? value.replaceAll('\0', '\ufffd') : value;
}
