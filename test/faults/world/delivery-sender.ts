import { createHmac, randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';

/** A webhook as Gitea sends it. */
export interface OutgoingDelivery {
  event: string;
  eventType: string;
  body: string;
}

export interface SendingResult {
  /** POSTs by their answer's status; 0: no answer came. */
  statuses: Record<number, number>;
  /** Milliseconds from each POST that was answered 2xx to its answer. */
  latencies: number[];
  /** Deliveries that were never answered 2xx. */
  refused: number;
}

/**
 * Sends deliveries to a backend over so many kept connections, each with its signature, and again what was not
 * answered 2xx.
 */
export async function sendDeliveries(
  url: string,
  secret: string,
  deliveries: readonly OutgoingDelivery[],
  { connections, tries = 20 }: { connections: number; tries?: number },
): Promise<SendingResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const result: SendingResult = { statuses: {}, latencies: [], refused: 0 };
  let next = 0;
  async function lane(): Promise<void> {
    for (let delivery = deliveries[next++]; delivery !== undefined; delivery = deliveries[next++]) {
      let accepted = false;
      for (let left = tries; left > 0 && !accepted; left -= 1) {
        const before = performance.now();
        const status = await post(url, agent, secret, delivery);
        result.statuses[status] = (result.statuses[status] ?? 0) + 1;
        accepted = status >= 200 && status < 300;
        if (accepted) result.latencies.push(performance.now() - before);
        else await new Promise((resolve) => setTimeout(resolve, 50 + 100 * Math.random()));
      }
      if (!accepted) result.refused += 1;
    }
  }
  await Promise.all(Array.from({ length: connections }, lane));
  agent.destroy();
  return result;
}

/** @returns the answer's status; 0 where none came */
function post(url: string, agent: Agent, secret: string, delivery: OutgoingDelivery): Promise<number> {
  const body = Buffer.from(delivery.body);
  return new Promise((resolve) => {
    const sent = request(
      url,
      {
        method: 'POST',
        agent,
        headers: {
          'content-type': 'application/json',
          'content-length': body.length,
          'user-agent': 'Go-http-client/1.1',
          'x-gitea-delivery': randomUUID(),
          'x-gitea-event': delivery.event,
          'x-gitea-event-type': delivery.eventType,
          'x-gitea-signature': createHmac('sha256', secret).update(body).digest('hex'),
        },
      },
      (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode ?? 0));
        response.on('error', () => resolve(0));
      },
    );
    sent.on('error', () => resolve(0));
    sent.end(body);
  });
}
