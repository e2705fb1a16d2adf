import type { Counterpart } from './counterparts.ts';

/** Any JSON of an answer. */
// biome-ignore lint/suspicious/noExplicitAny: what an answer holds is what is tested
export type Json = any;

export interface Answer {
  status: number;
  /** Parsed where the answer is JSON, else `not JSON`. */
  body: Json;
}

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/**
 * One request of the MLflow API below `/api/2.0/mlflow`. The fields of a GET go into the query (a list repeats its
 * key), those of every other method into a JSON body; a string is sent as the body as it is.
 */
export async function request(
  { host, token }: Counterpart,
  method: Method,
  path: string,
  fields: object | string = {},
): Promise<Answer> {
  const query = new URLSearchParams();
  if (method === 'GET')
    for (const [key, value] of Object.entries(fields))
      for (const one of [value].flat()) if (one !== undefined) query.append(key, String(one));
  const response = await fetch(`${host}/api/2.0/mlflow/${path}${query.size > 0 ? `?${query}` : ''}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(method === 'GET' ? {} : { body: typeof fields === 'string' ? fields : JSON.stringify(fields) }),
  });
  const text = await response.text();
  try {
    return { status: response.status, body: JSON.parse(text) };
  } catch {
    return { status: response.status, body: 'not JSON' };
  }
}
