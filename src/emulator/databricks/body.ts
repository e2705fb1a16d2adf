import type { FastifyRequest } from 'fastify';
import { ApiError, invalid } from './errors.ts';

/** A JSON object of which nothing is known yet. */
export type Json = Record<string, unknown>;

/** The request's JSON object. @throws ApiError 400 for anything else. */
export function bodyOf(request: FastifyRequest): Json {
  const body = request.body ?? {};
  if (!isObject(body)) throw new ApiError('MALFORMED_REQUEST', 'Request body must be a JSON object.');
  return body;
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !('pipe' in value);
}

/** @throws ApiError 400 when the field is missing, empty or no string. */
export function requiredString(source: Json, field: string): string {
  const value = optionalString(source, field);
  if (value === undefined || value === '') throw invalid(`Missing required field: ${field}`);
  return value;
}

/** @throws ApiError 400 when the field is there and no string. */
export function optionalString(source: Json, field: string): string | undefined {
  const value = source[field] ?? undefined;
  if (value === undefined || typeof value === 'string') return value;
  throw invalid(`Field ${field} must be a string.`);
}

/** A whole number, also where it comes as text in a query. @throws ApiError 400 otherwise. */
export function optionalInteger(source: Json, field: string): number | undefined {
  const value = source[field] ?? undefined;
  if (value === undefined || value === '') return undefined;
  const number = typeof value === 'string' ? Number(value) : value;
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number;
  throw invalid(`Field ${field} must be a whole number.`);
}

/** @throws ApiError 400 when the field is missing or no whole number. */
export function requiredInteger(source: Json, field: string): number {
  const value = optionalInteger(source, field);
  if (value === undefined) throw invalid(`Missing required field: ${field}`);
  return value;
}

/** True for `true` and for `"true"` in a query. */
export function flag(source: Json, field: string): boolean {
  return source[field] === true || source[field] === 'true';
}

/** A list of objects; absent is empty. @throws ApiError 400 otherwise. */
export function optionalObjects(source: Json, field: string): Json[] {
  const value = source[field] ?? [];
  if (Array.isArray(value) && value.every(isObject)) return value;
  throw invalid(`Field ${field} must be a list of objects.`);
}

/** A list of strings; absent is empty. @throws ApiError 400 otherwise. */
export function optionalStrings(source: Json, field: string): string[] {
  const value = source[field] ?? [];
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  throw invalid(`Field ${field} must be a list of strings.`);
}

/** An object whose values are strings; absent is empty. @throws ApiError 400 otherwise. */
export function optionalTexts(source: Json, field: string): Record<string, string> {
  const value = source[field] ?? {};
  if (!isObject(value)) throw invalid(`${field} must be an object.`);
  for (const [name, text] of Object.entries(value))
    if (typeof text !== 'string') throw invalid(`${field}.${name} must be a string.`);
  return value as Record<string, string>;
}

/** The parsed query string. */
export const queryOf = (request: FastifyRequest) => (request.query ?? {}) as Json;

/** A path parameter. */
export const paramOf = (request: FastifyRequest, name: string) =>
  (request.params as Record<string, string | undefined>)[name] ?? '';
