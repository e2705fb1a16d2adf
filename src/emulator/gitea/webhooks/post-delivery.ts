import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { DeliveryRow, HookRow } from '../store/rows.ts';
import { allowedTarget } from './allowed-target.ts';

/** How long a receiver may take, in ms: Gitea's `[webhook] DELIVER_TIMEOUT`. */
const timeout = 5000;

/** What is kept of a receiver's answer, in characters. */
const keptAnswer = 65_536;

export type Outcome = Pick<DeliveryRow, 'isSucceeded' | 'responseStatus' | 'responseBody'>;

/**
 * Sends a delivery once, with the headers of Gitea and no others: `fetch` would add its own. A redirect is an
 * answer like any other. Never rejects: what went wrong is the outcome.
 */
export async function postDelivery(
  hook: HookRow,
  delivery: DeliveryRow,
  stop: AbortSignal,
): Promise<Outcome> {
  try {
    const refused = await allowedTarget(hook.url);
    if (refused !== undefined) return { isSucceeded: false, responseStatus: 0, responseBody: refused };
    const { status, text } = await send(hook.url, delivery, stop);
    return {
      isSucceeded: status >= 200 && status < 300,
      responseStatus: status,
      responseBody: text.slice(0, keptAnswer),
    };
  } catch (error) {
    return { isSucceeded: false, responseStatus: 0, responseBody: `Delivery: ${String(error)}` };
  }
}

async function send(
  url: string,
  { requestHeaders, body }: DeliveryRow,
  stop: AbortSignal,
): Promise<{ status: number; text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
  const request = (url.startsWith('https:') ? requestHttps : requestHttp)(url, {
    method: 'POST',
    headers: { ...requestHeaders, 'Content-Length': Buffer.byteLength(body) },
    signal: AbortSignal.any([AbortSignal.timeout(timeout), stop]),
  });
  request.on('error', reject);
  request.on('response', async (response) => {
    try {
      let text = '';
      for await (const chunk of response.setEncoding('utf8')) text += chunk;
      resolve({ status: response.statusCode ?? 0, text });
    } catch (error) {
      reject(error);
    }
  });
  request.end(body);
  return promise;
}
