import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JWTHeaderParameters, JWTPayload } from 'jose';
import {
  base64url,
  decodeJwt,
  decodeProtectedHeader,
  exportSPKI,
  generateKeyPair,
  importJWK,
  importPKCS8,
  SignJWT,
} from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Workspace } from '../../../src/emulator/databricks/workspace.ts';
import { createWorkspace } from '../../../src/emulator/databricks/workspace.ts';
import { createTokenExchange } from '../../../src/server/databricks/token-exchange.ts';
import { systemClock } from '../../../src/server/duty/clock.ts';
import { federationPolicies } from '../../../src/server/identity/federation-policies.ts';
import { Issuer } from '../../../src/server/identity/issuer.ts';
import { unseal } from '../../../src/server/identity/seal.ts';
import { subjectOf } from '../../../src/server/identity/subject.ts';
import { openDatabase } from '../../../src/server/store/database.ts';
import { createStores } from '../../../src/server/store/stores.ts';
import { createTransactor } from '../../../src/server/store/transactor.ts';
import { client, servicePrincipal } from '../../emulator/databricks/support.ts';

// The issuer's own tokens and its own key: whatever is changed in one, the workspace must refuse it.
const encryptionKey = new Uint8Array(32).fill(1);
const binding = { id: 'wine', workspace: 'main', subject: 'repository' as const };
const exchange = createTokenExchange('gitea-databricks/test');
let folder: string;
let workspace: Workspace;
let issuer: Issuer;
let close: () => Promise<void>;
let trainer: string;
let fork: string;
let privateKey: CryptoKey;
let publicJwk: Awaited<ReturnType<Issuer['keySet']>>['keys'][number];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mutated-'));
  workspace = createWorkspace({ dataDir: folder, pythonCacheDir: join(folder, 'python') });
  await workspace.listen({ port: 0 });
  const admin = client(workspace.host, workspace.adminToken);
  const made = {
    reader: await servicePrincipal(workspace, admin, 'reader'),
    trainer: await servicePrincipal(workspace, admin, 'trainer'),
    releaser: await servicePrincipal(workspace, admin, 'releaser'),
    fork: await servicePrincipal(workspace, admin, 'fork'),
  };
  trainer = made.trainer.applicationId;
  fork = made.fork.applicationId;
  const db = await openDatabase(':memory:');
  close = () => db.destroy();
  const transactor = createTransactor(db, createStores);
  const publicUrl = 'http://127.0.0.1:3000/-/databricks/';
  issuer = new Issuer({ publicUrl, transactor, encryptionKey });
  const configuration = {
    publicUrl,
    workspaces: {
      main: {
        name: 'main',
        host: workspace.host,
        accountId: workspace.accountId,
        auth: { kind: 'federation' as const, audience: workspace.accountId },
        reader: made.reader.applicationId,
      },
    },
    bindings: [
      {
        ...binding,
        repositories: ['ml/wine'],
        branch: null,
        experiment: '/wine',
        jobs: {},
        models: {},
        principals: { trainer, releaser: made.releaser.applicationId, fork },
        floors: {},
      },
    ],
  };
  const numbers = new Map(Object.values(made).map(({ applicationId, id }) => [applicationId, id]));
  const policies = federationPolicies(configuration, await issuer.keySet(), [{ id: 17, bindingId: 'wine' }]);
  expect(policies).toHaveLength(4);
  for (const { principal, policy } of policies) {
    const path = `/api/2.0/accounts/${workspace.accountId}/servicePrincipals/${numbers.get(principal ?? '')}`;
    expect((await admin.post(`${path}/federationPolicies`, policy)).status).toBe(200);
  }
  const [stored] = await transactor.stores.signingKeys.all();
  privateKey = await importPKCS8(
    unseal(encryptionKey, `signing-key:${stored!.kid}`, stored!.privateKey),
    'ES256',
  );
  publicJwk = stored!.publicJwk;
});

afterAll(async () => {
  await workspace?.close();
  await close?.();
  await rm(folder, { recursive: true, force: true });
});

const mint = (repository = 17) =>
  issuer.mint({ subject: subjectOf(binding, 'trainer', repository), audience: workspace.accountId });

const give = (jwt: string, principal = trainer) => exchange.federated(workspace.host, principal, jwt);

/** The token again with other claims, signed by the issuer's own key unless another is given. */
async function again(
  claims: JWTPayload,
  header: Partial<JWTHeaderParameters> = {},
  key: CryptoKey | Uint8Array = privateKey,
): Promise<string> {
  const jwt = await mint();
  const all: JWTPayload = { ...decodeJwt(jwt), ...claims };
  for (const name of Object.keys(all)) if (all[name] === undefined) delete all[name];
  return new SignJWT(all)
    .setProtectedHeader({ ...(decodeProtectedHeader(jwt) as JWTHeaderParameters), ...header })
    .sign(key);
}

test('as it is minted the token is exchanged, and so is one without jti, which Databricks does not ask for', async () => {
  const jwt = await mint();
  expect((await give(jwt)).expiresInSeconds).toBeLessThanOrEqual(300);
  const { jti, iat = 0, exp = 0 } = decodeJwt(jwt);
  expect(jti).toMatch(/^[0-9a-f-]{36}$/);
  expect(decodeJwt(await mint()).jti).not.toBe(jti);
  expect(exp - iat).toBeLessThanOrEqual(300);
  await expect(give(await again({ jti: undefined }))).resolves.toBeTruthy();
  await expect(give(await again({ aud: ['other', workspace.accountId] }))).resolves.toBeTruthy();
});

const seconds = () => Math.floor(Date.now() / 1000);

test.each<[what: string, claims: () => JWTPayload, told: RegExp]>([
  ['another issuer', () => ({ iss: 'http://127.0.0.1:3000/-/databricks/' }), /claim iss/],
  ['no issuer', () => ({ iss: undefined }), /claim iss/],
  ['another audience', () => ({ aud: 'another-account' }), /claim aud/],
  ['the people’s audience', () => ({ aud: `${workspace.accountId}:users` }), /claim aud/],
  ['no audience', () => ({ aud: undefined }), /claim aud/],
  ['the releaser’s subject', () => ({ sub: subjectOf(binding, 'releaser', 17) }), /claim sub/],
  ['the same name with another id', () => ({ sub: subjectOf(binding, 'trainer', 18) }), /claim sub/],
  [
    'more behind the subject',
    () => ({ sub: `${subjectOf(binding, 'trainer', 17)}:role:releaser` }),
    /claim sub/,
  ],
  ['another case', () => ({ sub: subjectOf(binding, 'trainer', 17).toUpperCase() }), /claim sub/],
  ['a subject in white space', () => ({ sub: ` ${subjectOf(binding, 'trainer', 17)}` }), /claim sub/],
  ['no subject', () => ({ sub: undefined }), /claim sub/],
  ['an end beyond the skew', () => ({ iat: seconds() - 400, exp: seconds() - 90 }), /exp/],
  ['no end', () => ({ exp: undefined }), /claim exp/],
  ['a beginning ahead', () => ({ iat: seconds() + 600, exp: seconds() + 900 }), /claim iat/],
  ['no beginning', () => ({ iat: undefined }), /claim iat/],
  ['a not-before ahead', () => ({ nbf: seconds() + 600 }), /claim nbf/],
])('with %s it is refused, though the issuer’s own key signed it', async (_what, claims, told) => {
  await expect(give(await again(claims()))).rejects.toMatchObject({
    code: 'invalid_grant',
    status: 400,
    message: expect.stringMatching(told),
  });
});

test('clocks that differ by half a minute are forgiven', async () => {
  await expect(give(await again({ iat: seconds() + 30, nbf: seconds() + 30 }))).resolves.toBeTruthy();
  await expect(give(await again({ iat: seconds() - 300, exp: seconds() - 30 }))).resolves.toBeTruthy();
});

describe.each([
  [10, 'ahead of'],
  [-10, 'behind'],
])('a clock that is %i minutes off', (off, side) => {
  const shift = off * 60;
  const wrong = { ...systemClock, now: () => new Date(Date.now() + shift * 1000) };
  const jwt = async () => await again({ iat: seconds() + shift - 5, exp: seconds() + shift + 295 });
  const named = {
    code: 'CLOCK_WRONG',
    temporary: true,
    message: expect.stringContaining(`The clock of the backend's machine is 10 minutes ${side} Databricks'`),
  };
  const mintedAt = () => (seconds() + shift - 5) * 1000;

  test('is named when a token of ours is refused', async () => {
    const { federated } = createTokenExchange('gitea-databricks/test', { clock: wrong });
    await expect(federated(workspace.host, trainer, await jwt(), mintedAt())).rejects.toMatchObject(named);
  });

  test('is named, too, where it was set right before the answer came', async () => {
    await expect(exchange.federated(workspace.host, trainer, await jwt(), mintedAt())).rejects.toMatchObject(
      named,
    );
  });

  test('is not blamed for a token that another made', async () => {
    const { federated } = createTokenExchange('gitea-databricks/test', { clock: wrong });
    await expect(federated(workspace.host, trainer, await jwt())).rejects.toMatchObject({
      code: 'invalid_grant',
      temporary: false,
    });
  });
});

test('no signature but the issuer’s, by ES256, counts', async () => {
  const refused = async (jwt: string, told: RegExp) =>
    expect(give(jwt)).rejects.toMatchObject({ code: 'invalid_grant', message: expect.stringMatching(told) });
  const [header = '', payload = '', signature = ''] = (await mint()).split('.');
  const none = base64url.encode(JSON.stringify({ alg: 'none', kid: publicJwk.kid }));
  await refused(`${none}.${payload}.`, /none/);
  await refused(`${none}.${payload}.${signature}`, /none/);
  // The public key as a shared secret: the confusion of algorithms.
  const spki = await exportSPKI((await importJWK(publicJwk, 'ES256')) as CryptoKey);
  for (const secret of [spki, spki.trim(), JSON.stringify(publicJwk), String(publicJwk.x)]) {
    await refused(await again({}, { alg: 'HS256' }, new TextEncoder().encode(secret.padEnd(32))), /HS256/);
  }
  const stranger = await generateKeyPair('ES256', { extractable: true });
  await refused(await again({}, {}, stranger.privateKey), /signature/);
  await refused(await again({}, { kid: 'another' }, stranger.privateKey), /kid/);
  await refused(
    await again({}, { jwk: publicJwk as never, jku: 'http://127.0.0.1:9/' }, stranger.privateKey),
    /signature/,
  );
  const other = await generateKeyPair('ES384');
  await refused(await again({}, { alg: 'ES384' }, other.privateKey), /ES384/);
  const claims = JSON.stringify({ ...decodeJwt(`${header}.${payload}.${signature}`), actor: 'somebody' });
  await refused(`${header}.${base64url.encode(claims)}.${signature}`, /signature/);
  await refused(`${header}.${payload}.${signature.slice(0, -6)}AAAAAA`, /signature|cannot be verified/);
  await refused(`${header}.${payload}`, /not a JSON Web Token|cannot be verified/);
});

test('one principal’s token is no other’s', async () => {
  await expect(give(await mint(), fork)).rejects.toMatchObject({ code: 'invalid_grant' });
});

test('a repository that was made anew under its old name has another id, and gets no token', async () => {
  await expect(give(await mint(17))).resolves.toBeTruthy();
  await expect(give(await mint(18))).rejects.toMatchObject({
    code: 'invalid_grant',
    message: expect.stringContaining('repository:18:role:trainer'),
  });
});
