/** A message as protobuf's JSON writes it: what is not set is left out, and so is a list without items. */
export function message<Field>(fields: Record<string, Field>): Record<string, Field> {
  const written = ([, value]: [string, Field]) =>
    value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0);
  return Object.fromEntries(Object.entries(fields).filter(written));
}
