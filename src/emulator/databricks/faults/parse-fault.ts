import type { Json } from '../body.ts';
import { optionalInteger, optionalString, requiredString } from '../body.ts';
import { invalid } from '../errors.ts';
import type { Fault, FaultEffect, FaultRule } from './fault.ts';
import { afterHandler, beforeHandler, befores, pages } from './fault.ts';

type Kind = Fault['kind'];
const kinds: readonly Kind[] = [...beforeHandler, ...afterHandler];
const common = ['kind', 'method', 'path', 'skip', 'times', 'probability', 'seed'];
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** What each kind takes beside the common fields. */
const fields: Record<Kind, readonly string[]> = {
  error: ['status', 'error_code', 'message', 'retry_after'],
  page: ['status', 'page', 'location', 'retry_after'],
  delay: ['delay_ms'],
  reset: [],
  lost_answer: [],
  half_answer: ['end'],
  late: ['before'],
};

/**
 * A fault as `POST /test/faults` takes it: `kind`, `path` (`*` is any text), and where wanted `method`, `skip`
 * (0), `times` (1), `probability` (1) with `seed` (1), and what the kind takes.
 * @throws ApiError 400 that names the field and what would be right.
 */
export function parseFault(source: Json): Fault {
  const kind = oneOf(source, 'kind', kinds);
  if (kind === undefined) throw invalid(`kind is one of ${kinds.join(', ')}.`);
  for (const name of Object.keys(source))
    if (!common.includes(name) && !fields[kind].includes(name))
      throw invalid(
        `A fault of kind ${kind} has no ${name}; it takes ${[...common, ...fields[kind]].join(', ')}.`,
      );
  return { ...parseRule(source), ...parseEffect(source, kind) };
}

function parseRule(source: Json): FaultRule {
  const method = oneOf(source, 'method', methods);
  const path = requiredString(source, 'path');
  if (!/^[/*]/.test(path)) throw invalid('path starts with / or *, and * stands for any text.');
  const probability = source.probability ?? 1;
  if (typeof probability !== 'number' || !(probability > 0 && probability <= 1))
    throw invalid('probability is a number above 0 and at most 1.');
  return {
    ...(method !== undefined && { method }),
    path,
    skip: within(source, 'skip', 0, 1_000_000) ?? 0,
    times: within(source, 'times', 1, 1_000_000) ?? 1,
    probability,
    seed: within(source, 'seed', 0, 2 ** 32 - 1) ?? 1,
  };
}

function parseEffect(source: Json, kind: Kind): FaultEffect {
  const retryAfter = within(source, 'retry_after', 0, 3600);
  const retry = retryAfter !== undefined && { retryAfter };
  switch (kind) {
    case 'error': {
      const code = source.error_code ?? 'INTERNAL_ERROR';
      if (typeof code !== 'string' && !Number.isSafeInteger(code))
        throw invalid('error_code is a text or a whole number.');
      const message = optionalString(source, 'message') ?? 'A fault was asked for.';
      const status = within(source, 'status', 400, 599) ?? 500;
      return { kind, status, errorCode: code as string | number, message, ...retry };
    }
    case 'page': {
      const location = optionalString(source, 'location');
      const status = within(source, 'status', 200, 599) ?? (location === undefined ? 502 : 303);
      if (location !== undefined && (status < 300 || status > 399))
        throw invalid('location belongs to a status from 300 to 399.');
      const page = oneOf(source, 'page', pages) ?? 'gateway';
      return { kind, status, page, ...(location !== undefined && { location }), ...retry };
    }
    case 'delay':
      return { kind, delayMs: within(source, 'delay_ms', 1, 600_000) ?? 1000 };
    case 'half_answer':
      return { kind, end: oneOf(source, 'end', ['close', 'stall'] as const) ?? 'close' };
    case 'late':
      return { kind, before: oneOf(source, 'before', befores) ?? 'missing' };
    default:
      return { kind };
  }
}

function oneOf<Value extends string>(
  source: Json,
  field: string,
  values: readonly Value[],
): Value | undefined {
  const given = optionalString(source, field);
  const found = values.find((value) => value === given);
  if (given !== undefined && !found) throw invalid(`${field} is one of ${values.join(', ')}, not ${given}.`);
  return found;
}

function within(source: Json, field: string, least: number, most: number): number | undefined {
  const value = optionalInteger(source, field);
  if (value !== undefined && (value < least || value > most))
    throw invalid(`${field} is a whole number from ${least} to ${most}.`);
  return value;
}

/** A fault as the control route shows it: the fields of the request. */
export function renderFault(fault: Fault): Json {
  const names: Record<string, string> = {
    errorCode: 'error_code',
    retryAfter: 'retry_after',
    delayMs: 'delay_ms',
  };
  return Object.fromEntries(Object.entries(fault).map(([name, value]) => [names[name] ?? name, value]));
}
