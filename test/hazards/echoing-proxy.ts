import type { IncomingHttpHeaders } from 'node:http';
import { createServer, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One call that went through. */
export interface Call {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  sent: string;
  status: number;
  answer: string;
}

export interface EchoingProxy {
  url: string;
  calls: Call[];
  /** What fails from now on is refused with an error that quotes everything that was sent, secrets included. */
  echo(which: ((method: string, path: string) => boolean) | null): void;
  close(): Promise<void>;
}

/**
 * Stands between the backend and a counterpart: records all that is said, and plays a counterpart that fails in the
 * worst way, by quoting the request in its error.
 *
 * @param target the counterpart's origin; null: everything fails
 */
export async function startEchoingProxy(target: string | null): Promise<EchoingProxy> {
  const calls: Call[] = [];
  let fails: ((method: string, path: string) => boolean) | null = target === null ? () => true : null;
  const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const server = createServer(async (request, response) => {
    const { method = 'GET', url: path = '/', headers } = request;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const call: Call = { method, path, headers, sent: body.toString('utf8'), status: 0, answer: '' };
    calls.push(call);
    if (fails?.(method, path)) {
      const { authorization = '' } = headers;
      const said = [authorization, authorization.split(' ').at(-1), decodeURIComponent(path), call.sent].join(
        ' | ',
      );
      call.status = calls.length % 2 === 0 ? 400 : 500;
      call.answer = JSON.stringify({
        message: `refused ${said}`,
        error: 'invalid_request',
        error_code: 'INVALID_PARAMETER_VALUE',
        error_description: `refused ${said}`,
        details: [{ reason: said }],
      });
      response.writeHead(call.status, { 'content-type': 'application/json' }).end(call.answer);
      return;
    }
    const onward = forward(`${target}${path}`, {
      method,
      headers: { ...headers, host: new URL(target ?? '').host },
    });
    onward.on('response', (answer) => {
      // Where the counterpart says that its token endpoint is: here.
      const moves = /databricks-config|oauth-authorization-server/.test(path);
      const { 'content-length': _, ...headersOfAnswer } = answer.headers;
      response.writeHead(answer.statusCode ?? 502, moves ? headersOfAnswer : answer.headers);
      call.status = answer.statusCode ?? 0;
      answer.on('data', (chunk: Buffer) => {
        call.answer += chunk.toString('utf8');
        if (!moves) response.write(chunk);
      });
      answer.on('end', () => response.end(moves ? call.answer.replaceAll(String(target), url()) : ''));
    });
    onward.on('error', () => response.destroy());
    onward.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: url(),
    calls,
    echo(which) {
      fails = which;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
