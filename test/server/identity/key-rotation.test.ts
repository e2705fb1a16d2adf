import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { expect, onTestFinished, test, vi } from 'vitest';
import { run } from '../../../src/cli/run.ts';
import { loadServerConfiguration } from '../../../src/server/config/load-server-configuration.ts';
import { createTokenExchange } from '../../../src/server/databricks/token-exchange.ts';
import { WorkspaceGate } from '../../../src/server/databricks/workspace-gate.ts';
import type { KeySet } from '../../../src/server/identity/issuer.ts';
import { Issuer } from '../../../src/server/identity/issuer.ts';
import {
  keySetCacheSeconds,
  publishedAfterMs,
  shortestLeadMs,
} from '../../../src/server/identity/key-schedule.ts';
import { openDatabase } from '../../../src/server/store/database.ts';
import { createStores } from '../../../src/server/store/stores.ts';
import { createTransactor } from '../../../src/server/store/transactor.ts';
import { servicePrincipal, startWorkspace } from '../../emulator/databricks/support.ts';

const publicUrl = 'http://127.0.0.1:3000/-/databricks/';
const minute = 60_000;

async function openIssuer(now: () => Date) {
  const db = await openDatabase(':memory:');
  const transactor = createTransactor(db, createStores);
  const issuer = new Issuer({ publicUrl, transactor, encryptionKey: new Uint8Array(32).fill(1), now });
  return { issuer, transactor, close: () => db.destroy() };
}

test('whenever a token is shown, whoever cached the key set for as long as allowed can verify it', async () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('pass' as const), seconds: fc.nat(400) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('mint' as const) }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('rotate' as const), extra: fc.nat(20 * minute) }),
    },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 80 }), async (steps) => {
      let at = 1_700_000_000_000;
      const { issuer, close } = await openIssuer(() => new Date(at));
      const fetched: { at: number; keys: KeySet }[] = [{ at, keys: await issuer.keySet() }];
      let token = await issuer.mint({ subject: 's', audience: 'a' });
      let mintedAt = at;
      for (const one of steps) {
        if (one.kind === 'pass') at += one.seconds * 1000;
        else if (one.kind === 'rotate') await issuer.rotate(shortestLeadMs + one.extra).catch(() => {});
        // A relying party may fetch at any moment, and use what it has for the cache's time.
        fetched.push({ at, keys: await issuer.keySet() });
        if (one.kind === 'mint' || at - mintedAt > 290_000) {
          token = await issuer.mint({ subject: 's', audience: 'a' });
          mintedAt = at;
        }
        for (const cached of fetched.filter((copy) => at - copy.at <= keySetCacheSeconds * 1000)) {
          await jwtVerify(token, createLocalJWKSet(cached.keys), {
            issuer: issuer.url,
            audience: 'a',
            currentDate: new Date(at),
          });
        }
      }
      await close();
    }),
    { numRuns: 40 },
  );
});

test('a new key is published, then signs; the old one is published, then gone with its private half', async () => {
  let at = 1_700_000_000_000;
  const { issuer, transactor, close } = await openIssuer(() => new Date(at));
  onTestFinished(close);
  const kidOf = async () =>
    decodeProtectedHeader(await issuer.mint({ subject: 's', audience: 'a' })).kid as string;
  const published = async () => (await issuer.keySet()).keys.map(({ kid }) => kid);
  const old = await kidOf();
  const { key, signsFrom } = await issuer.rotate();
  expect(signsFrom.getTime()).toBe(at + shortestLeadMs);
  expect(await published()).toEqual([old, key.kid]);
  at += shortestLeadMs - 1;
  expect(await kidOf()).toBe(old);
  await expect(issuer.rotate()).rejects.toThrow('A rotation is under way');
  at += 1;
  expect(await kidOf()).toBe(key.kid);
  expect((await issuer.keys()).map(({ state }) => state)).toEqual(['retired', 'signing']);
  at += publishedAfterMs - 1;
  expect(await published()).toEqual([old, key.kid]);
  at += 1;
  expect(await published()).toEqual([key.kid]);
  expect((await transactor.stores.signingKeys.all()).map(({ kid }) => kid)).toEqual([key.kid]);
  await expect(issuer.rotate(minute)).rejects.toThrow('must be published for 10 minutes');
});

test('a stolen key signs nothing and verifies nothing any more', async () => {
  const at = new Date(1_700_000_000_000);
  const { issuer, transactor, close } = await openIssuer(() => at);
  onTestFinished(close);
  const stolen = await issuer.mint({ subject: 's', audience: 'a' });
  await issuer.rotate();
  const { key, retired } = await issuer.replaceKeys();
  expect(retired).toHaveLength(2);
  expect((await issuer.keySet()).keys.map(({ kid }) => kid)).toEqual([key.kid]);
  await expect(
    jwtVerify(stolen, createLocalJWKSet(await issuer.keySet()), { currentDate: at }),
  ).rejects.toThrow();
  const { kid } = decodeProtectedHeader(await issuer.mint({ subject: 's', audience: 'a' }));
  expect(kid).toBe(key.kid);
  const recorded: string[] = [];
  for await (const { body } of transactor.stores.audit.links()) recorded.push(body);
  expect(recorded.at(-1)).toContain('"compromised"');
});

test('keys are rotated by the command while exchanges go on: none fails', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'rotation-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of ['token', 'hook', 'client']) writeFileSync(join(folder, name), `${name}-secret\n`);
  const { workspace, admin } = await startWorkspace();
  const [byDiscovery, byKeys] = [
    await servicePrincipal(workspace, admin, 'by-discovery'),
    await servicePrincipal(workspace, admin, 'by-keys'),
  ];
  // The documents of the issuer, as the backend's routes give them.
  const documents = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    const answer = request.url?.endsWith('jwks.json') ? issuer.keySet() : issuer.discovery();
    Promise.resolve(answer).then((document) => response.end(JSON.stringify(document)));
  });
  await new Promise<void>((resolve) => documents.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void documents.close());
  const { port } = documents.address() as { port: number };
  const config = join(folder, 'gitea-databricks.yml');
  writeFileSync(
    config,
    `public_url: http://127.0.0.1:${port}/-/databricks/
gitea: {url: "http://127.0.0.1:9", token_file: token, webhook_secret_file: hook, oauth: {client_id: abc, client_secret_file: client}}
workspaces:
  main: {host: "${workspace.host}", account_id: ${workspace.accountId}, auth: federation, reader: r}
bindings: []
`,
  );
  const configuration = loadServerConfiguration(config);
  const db = await openDatabase(configuration.database);
  onTestFinished(() => db.destroy());
  const transactor = createTransactor(db, createStores);
  const issuer = new Issuer({ ...configuration, transactor });

  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
  onTestFinished(() => void vi.useRealTimers());
  const pass = (ms: number) => vi.setSystemTime(Date.now() + ms);

  const base = `/api/2.0/accounts/${workspace.accountId}/servicePrincipals`;
  const policy = (extra: object) => ({
    oidc_policy: { issuer: issuer.url, audiences: ['a'], subject: 's', ...extra },
  });
  const keysNow = async () => policy({ jwks_json: JSON.stringify(await issuer.keySet()) });
  expect((await admin.post(`${base}/${byDiscovery.id}/federationPolicies`, policy({}))).status).toBe(200);
  const withKeys = await admin.post(`${base}/${byKeys.id}/federationPolicies`, await keysNow());
  const patch = async () =>
    admin.send('PATCH', `${base}/${byKeys.id}/federationPolicies/${withKeys.body.uid}`, await keysNow());

  // So many at once are more than a backend asks for.
  const gate = new WorkspaceGate({ rates: { tokens: [{ perSecond: 10_000, burst: 10_000 }] } });
  const exchange = createTokenExchange('gitea-databricks/test', { gateOf: () => gate });
  const kids = new Set<string>();
  let exchanged = 0;
  async function load(): Promise<void> {
    for (let round = 0; round < 6; round += 1) {
      for (const { applicationId } of [byDiscovery, byKeys]) {
        const jwt = await issuer.mint({ subject: 's', audience: 'a' });
        kids.add(decodeProtectedHeader(jwt).kid as string);
        await exchange.federated(workspace.host, applicationId, jwt);
        exchanged += 1;
        // The backend writes while the command does.
        await transactor.stores.audit.append({
          action: 'token.exchanged',
          outcome: 'done',
          actor: { kind: 'system', name: 'test' },
          subject: 's',
        });
      }
    }
  }
  const under = (work: Promise<unknown>) => Promise.all([load(), load(), load(), work]);
  const lines: string[] = [];
  const cli = async (...words: string[]) => {
    const output = {
      out: (line: string) => void lines.push(line),
      err: (line: string) => void lines.push(line),
    };
    expect(await run([...words, '--config', config], output), lines.join('\n')).toBe(0);
  };

  await under(cli('keys', 'rotate', '--in', '10m'));
  expect(kids.size).toBe(1);
  await under(patch());
  for (let passed = 0; passed < shortestLeadMs + 2 * publishedAfterMs; passed += 2 * minute) {
    await under(cli('keys', 'list'));
    pass(2 * minute);
  }
  expect(kids.size).toBe(2);
  expect((await issuer.keySet()).keys).toHaveLength(1);
  expect(exchanged).toBeGreaterThan(500);
  expect(lines.join('\n')).toMatch(/ {2}next {5}made .*, signs from /);
  expect(lines.join('\n')).toMatch(/ {2}retired {2}made .*, published until /);
}, 120_000);
