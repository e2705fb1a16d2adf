/**
 * Go's values as the interpreter sees them. JavaScript stands in as follows: `undefined` = no value (a missing
 * map key), `null` = nil, boolean, string, integer number = int, other number = float64, array = slice, plain
 * object or Map = map[string]any, {@link GoStruct} = a struct (unknown fields are errors), {@link GoFunction}
 * = a function or method with typed parameters, {@link SafeHtml} = template.HTML.
 */
export type ParameterKind = 'any' | 'string' | 'int' | 'bool';

/** A function that templates may call. Parameters are checked as Go's reflection would. */
export class GoFunction {
  readonly parameters: readonly ParameterKind[];
  /** True when the last parameter takes any number of arguments. */
  readonly variadic: boolean;
  readonly call: (...args: never[]) => unknown;

  constructor(
    parameters: readonly ParameterKind[],
    call: (...args: never[]) => unknown,
    options?: { variadic?: boolean },
  ) {
    this.parameters = parameters;
    this.call = call;
    this.variadic = options?.variadic ?? false;
  }
}

/** A struct, or a map type with methods (`open: true`): fields and methods by name, unknown ones are errors. */
export class GoStruct {
  readonly type: string;
  readonly members: Readonly<Record<string, unknown>>;
  /** A map type such as Gitea's `ctx`: a name it lacks gives no value instead of an error. */
  readonly open: boolean;

  constructor(type: string, members: Record<string, unknown>, options?: { open?: boolean }) {
    this.type = type;
    this.members = Object.assign(Object.create(null), members);
    this.open = options?.open ?? false;
  }
}

/** Markup that is already safe: written into text as it is (Go's template.HTML). */
export class SafeHtml {
  readonly html: string;

  constructor(html: string) {
    this.html = html;
  }
}

export type Kind =
  | 'invalid'
  | 'nil'
  | 'bool'
  | 'int'
  | 'float'
  | 'string'
  | 'slice'
  | 'map'
  | 'struct'
  | 'func'
  | 'html';

export function kindOf(value: unknown): Kind {
  if (value === undefined) return 'invalid';
  if (value === null) return 'nil';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float';
  if (typeof value === 'string') return 'string';
  if (Array.isArray(value)) return 'slice';
  if (value instanceof GoFunction) return 'func';
  if (value instanceof SafeHtml) return 'html';
  if (value instanceof GoStruct) return value.open ? 'map' : 'struct';
  if (value instanceof Map) return 'map';
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return 'map';
  throw new TypeError(`a template cannot use a ${value.constructor.name}: wrap it in a GoStruct`);
}

/** The entries of a map in Go's iteration order for templates: sorted by key. */
export function mapEntries(value: unknown): [string, unknown][] {
  const entries: [string, unknown][] =
    value instanceof Map
      ? [...(value as Map<string, unknown>)]
      : Object.entries(value instanceof GoStruct ? value.members : (value as Record<string, unknown>));
  return entries
    .filter(([, entry]) => !(entry instanceof GoFunction))
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

/** One key of a map; `undefined` when it is missing. Own keys only, so `constructor` is not one. */
export function mapGet(value: unknown, key: string): unknown {
  if (value instanceof Map) return (value as Map<string, unknown>).get(key);
  const record = value instanceof GoStruct ? value.members : (value as Record<string, unknown>);
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

/** Go's truth: false, 0, "", nil, no value and empty slices and maps are false; structs are always true. */
export function isTrue(value: unknown): boolean {
  switch (kindOf(value)) {
    case 'invalid':
    case 'nil':
      return false;
    case 'slice':
      return (value as unknown[]).length > 0;
    case 'map':
      return mapEntries(value).length > 0 || value instanceof GoStruct;
    case 'html':
      return (value as SafeHtml).html !== '';
    case 'struct':
    case 'func':
      return true;
    default:
      return Boolean(value) && value !== 0n;
  }
}
