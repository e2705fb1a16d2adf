import type { FastifyRequest } from 'fastify';
import { isObject } from '../body.ts';
import { ApiError, invalid } from '../errors.ts';

/** A request's fields: the JSON body, or the query of a request without one. */
export type Fields = Readonly<Record<string, unknown>>;

/**
 * The fields of a request: query and JSON body together, the body wins (clients put the same message in either).
 * @throws ApiError 400 MALFORMED_REQUEST when the body is not a JSON object.
 */
export function fieldsOf(request: FastifyRequest): Fields {
  const { body } = request;
  if (body !== undefined && body !== null && !isObject(body))
    throw new ApiError(
      'MALFORMED_REQUEST',
      'Invalid JSON given in the body of the request: expected an object.',
    );
  return { ...(request.query as Fields), ...(body as Fields | null | undefined) };
}

const missing = (name: string) =>
  invalid(
    `Missing value for required parameter '${name}'. See the API docs for more information about request parameters.`,
  );
const wrong = (name: string, value: unknown, expected: string) =>
  invalid(`Invalid value ${JSON.stringify(value)} for parameter '${name}': expected ${expected}.`);

/** A string that may be absent. The empty string counts as absent, as in protobuf messages. */
export function optionalText(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  if (value === undefined || value === null || value === '') return undefined;
  // Ids arrive as numbers from hand-written callers.
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string') throw wrong(name, value, 'a string');
  return value;
}

export function text(fields: Fields, name: string): string {
  const value = optionalText(fields, name);
  if (value === undefined) throw missing(name);
  return value;
}

/** A string that must be there but may be empty (values of params and tags). */
export function anyText(fields: Fields, name: string): string {
  const value = fields[name];
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string') throw wrong(name, value, 'a string');
  return value;
}

/** A 64-bit integer; protobuf's JSON writes it as a string or a number. */
export function optionalInteger(fields: Fields, name: string): number | undefined {
  const value = fields[name];
  if (value === undefined || value === null || value === '') return undefined;
  const parsed = typeof value === 'string' ? Number(value) : value;
  if (typeof parsed !== 'number' || !Number.isSafeInteger(parsed)) throw wrong(name, value, 'an integer');
  return parsed;
}

export function integer(fields: Fields, name: string): number {
  const value = optionalInteger(fields, name);
  if (value === undefined) throw missing(name);
  return value;
}

/** A double; protobuf's JSON may write it as text and writes the non-finite ones as "NaN", "Infinity" and "-Infinity". */
export function double(fields: Fields, name: string): number {
  const value = fields[name];
  if (value === undefined || value === null) throw missing(name);
  if (typeof value === 'number') return value;
  const spelt =
    typeof value === 'string' && /^(NaN|-?Infinity|[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?)$/i.test(value);
  if (spelt) return Number(value);
  throw wrong(name, value, 'a number (a 64-bit floating point value)');
}

/** A list of messages; absent means empty. */
export function messages(fields: Fields, name: string): Fields[] {
  const value = fields[name] ?? [];
  if (!Array.isArray(value) || value.some((entry) => typeof entry !== 'object' || entry === null))
    throw wrong(name, value, 'a list of objects');
  return value as Fields[];
}

/** A list of strings; a single string counts as a list of one (query strings). */
export function texts(fields: Fields, name: string): string[] {
  const value = fields[name] ?? [];
  const entries = Array.isArray(value) ? value : [value];
  return entries.map((entry) => {
    if (typeof entry === 'number') return String(entry);
    if (typeof entry !== 'string') throw wrong(name, value, 'a list of strings');
    return entry;
  });
}

/** A list of strings in a JSON body; absent means empty. */
export function textList(fields: Fields, name: string): string[] {
  if (!Array.isArray(fields[name] ?? [])) throw wrong(name, fields[name], 'a list of strings');
  return texts(fields, name);
}

/** A page's size within 1…limit. */
export function pageSize(fields: Fields, fallback: number, limit: number): number {
  const size = optionalInteger(fields, 'max_results') ?? fallback;
  if (size < 1 || size > limit)
    throw invalid(
      `Invalid value ${size} for parameter 'max_results' supplied: it must be a positive integer no more than ${limit}.`,
    );
  return size;
}
