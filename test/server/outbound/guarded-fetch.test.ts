import type { lookup as dnsLookup } from 'node:dns';
import { createServer } from 'node:http';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { createTokenExchange } from '../../../src/server/databricks/token-exchange.ts';
import { WorkspaceHttp } from '../../../src/server/databricks/workspace-http.ts';
import { createGuardedFetch, guardedFetch } from '../../../src/server/outbound/guarded-fetch.ts';
import { refusalOf } from '../../../src/server/outbound/refused-addresses.ts';

/** A listening server that notes every request with its credential. */
async function listener() {
  const requests: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    requests.push(request.headers.authorization);
    response.setHeader('content-type', 'application/json').end('{"answered":true}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as { port: number }).port, requests };
}

/** Answers of a name server, one after the other; the last one for good. */
function nameServer(...answers: string[]): typeof dnsLookup {
  const lookup = (
    _host: string,
    _options: object,
    done: (error: null, found: { address: string; family: number }[]) => void,
  ) => {
    const address = answers.length > 1 ? answers.shift()! : answers[0]!;
    done(null, [{ address, family: address.includes(':') ? 6 : 4 }]);
  };
  return lookup as unknown as typeof dnsLookup;
}

const refused = [
  '169.254.169.254',
  '169.254.0.1',
  '::ffff:169.254.169.254',
  '::ffff:a9fe:a9fe',
  '64:ff9b::169.254.169.254',
  '2002:a9fe:a9fe::1',
  'fe80::1',
  'fd00:ec2::254',
  'fd20:ce::254',
  '100.100.100.200',
  '168.63.129.16',
  '0.0.0.0',
  '::',
  '255.255.255.255',
];

test.each(refused)('a workspace whose name stands for %s is not called', async (address) => {
  const http = new WorkspaceHttp({
    host: 'https://workspace.example.com',
    userAgent: 'test/1',
    fetch: createGuardedFetch(nameServer(address)),
  });
  await expect(http.json('secret-token', 'POST', '/api/x')).rejects.toMatchObject({
    code: 'NO_CONNECTION',
    message: expect.stringContaining('link-local, metadata or reserved address'),
  });
});

test.each([
  '169.254.169.254',
  '[::ffff:169.254.169.254]',
  '[fe80::1]',
  '2852039166',
  '0xA9FEA9FE',
  '0251.0376.0251.0376',
])('an address written as %s is refused without a look-up', async (host) => {
  await expect(guardedFetch(`http://${host}/latest/meta-data`)).rejects.toMatchObject({
    cause: { code: 'ADDRESS_REFUSED' },
  });
});

test('a name that turns to this machine is refused, and nothing arrives', async () => {
  const { port, requests } = await listener();
  const http = new WorkspaceHttp({
    host: `http://workspace.example.com:${port}`,
    userAgent: 'test/1',
    fetch: createGuardedFetch(nameServer('127.0.0.1')),
  });
  await expect(http.json('secret-token', 'POST', '/x')).rejects.toMatchObject({
    message: expect.stringContaining('this machine itself'),
  });
  expect(requests).toEqual([]);
  // Its own names lead to it: the emulators are there.
  expect(await (await guardedFetch(`http://localhost:${port}/`)).json()).toEqual({ answered: true });
});

test('each connection goes to the address that was checked for it: a changed answer finds the guard again', async () => {
  const { port, requests } = await listener();
  let asked = 0;
  const rebinding = nameServer('127.0.0.1', '169.254.169.254') as unknown as (...given: unknown[]) => void;
  const counting = ((...given: unknown[]) => {
    asked += 1;
    rebinding(...given);
  }) as unknown as typeof dnsLookup;
  const fetch = createGuardedFetch(counting);
  const address = `http://workspace.localhost:${port}/`;
  await (await fetch(address, { headers: { connection: 'close' } })).text();
  expect({ asked, arrived: requests.length }).toEqual({ asked: 1, arrived: 1 });
  const again = fetch(address, { headers: { authorization: 'Bearer secret-token' } });
  await expect(again).rejects.toMatchObject({ cause: { code: 'ADDRESS_REFUSED' } });
  expect({ asked, arrived: requests.length }).toEqual({ asked: 2, arrived: 1 });
});

test('private networks may be reached: workspaces have private links', () => {
  for (const address of ['10.1.2.3', '172.16.0.1', '192.168.1.1', 'fd12:3456::1', '203.0.113.9']) {
    expect(refusalOf('workspace.example.com', address)).toBeNull();
  }
  fc.assert(
    fc.property(fc.nat(255), fc.nat(255), (third, fourth) => {
      const address = `169.254.${third}.${fourth}`;
      expect(refusalOf('a.example.com', address)).not.toBeNull();
      expect(refusalOf('a.example.com', `::ffff:${address}`)).not.toBeNull();
      expect(refusalOf('a.example.com', `64:ff9b::${address}`)).not.toBeNull();
    }),
  );
});

test('no path leads a token to another host', async () => {
  const { port, requests } = await listener();
  const http = new WorkspaceHttp({ host: 'https://workspace.example.com', userAgent: 'test/1' });
  for (const path of [`@127.0.0.1:${port}/`, `.evil.example.com/`, `:${port}/x`, '']) {
    await expect(http.json('secret-token', 'GET', path)).rejects.toMatchObject({
      message: expect.stringContaining('must have a path of its own host'),
    });
  }
  expect(requests).toEqual([]);
});

test('a token endpoint that redirects gets the JWT alone, and no second host anything', async () => {
  const elsewhere = await listener();
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    const host = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
    response.setHeader('content-type', 'application/json');
    if (request.url === '/.well-known/databricks-config') {
      response.end(JSON.stringify({ oidc_endpoint: `${host}/oidc` }));
    } else if (request.url?.includes('oauth-authorization-server')) {
      response.end(JSON.stringify({ token_endpoint: `${host}/oidc/v1/token` }));
    } else {
      bodies.push(String(request.url));
      response.writeHead(307, { location: `http://127.0.0.1:${elsewhere.port}/steal` }).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as { port: number };
  const exchange = createTokenExchange('test/1');
  await expect(exchange.federated(`http://127.0.0.1:${port}`, 'p', 'jwt')).rejects.toMatchObject({
    name: 'DatabricksError',
    status: 307,
  });
  expect(bodies).toEqual(['/oidc/v1/token']);
  expect(elsewhere.requests).toEqual([]);
});
