import type { KeyObject } from 'node:crypto';
import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { parseServerConfiguration } from '../../../src/server/config/parse-server-configuration.ts';

const pem = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }) as string;
const curve = (namedCurve: string) => pem(generateKeyPairSync('ec', { namedCurve }).privateKey);

const files: Record<string, string> = {
  '/c/token': 't',
  '/c/hook': 'h',
  '/c/client': 'c',
  '/c/key': 'ab'.repeat(32),
  '/c/p256.pem': curve('P-256'),
  '/c/p384.pem': curve('P-384'),
  '/c/weak.pem': pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey),
  '/c/projected': 'eyJ',
  '/c/certificate.pem': 'no certificate',
};

function read(workspace: string, binding = '') {
  const text = `public_url: https://git.example.com/-/databricks/
encryption_key_file: key
gitea: {url: "https://git.example.com", token_file: token, webhook_secret_file: hook, oauth: {client_id: abc, client_secret_file: client}}
workspaces:
  main: {host: "https://dbc.cloud.databricks.com", account_id: acc, reader: r, ${workspace}}
bindings:
  - {id: wine, repositories: [ml/wine], workspace: main, experiment: "/wine", principals: {trainer: t, releaser: l, fork: f}${binding}}
`;
  return parseServerConfiguration(text, '/c/gitea-databricks.yml', (path) => {
    const content = files[path];
    if (content === undefined) throw new Error(`${path} cannot be read: there is no such file`);
    return content;
  });
}

function problems(workspace: string, binding = ''): string[] {
  const result = read(workspace, binding);
  if (!('problems' in result)) throw new Error('this configuration was expected to be wrong');
  return result.problems.map(({ path, message }) => `${path}: ${message}`);
}

const identity = (name: string, key = 'p256.pem') => `{client_id: ${name}, private_key_file: ${key}}`;
const four = `r: ${identity('cr')}, t: ${identity('ct')}, l: ${identity('cl')}, f: {token_file: projected}`;

test('clients and token files may stand beside each other; defaults are filled in', () => {
  const result = read(
    `auth: identity-provider, identity_provider: {issuer: "https://idp.example.com/realms/a/", principals: {${four}}}`,
  );
  expect(result).toMatchObject({
    configuration: {
      workspaces: {
        main: {
          auth: {
            kind: 'identity-provider',
            provider: {
              // A slash at the end belongs to an issuer's name.
              issuer: 'https://idp.example.com/realms/a/',
              scope: null,
              parameters: {},
              assertionAudience: 'issuer',
              principals: {
                r: {
                  kind: 'client',
                  clientId: 'cr',
                  keyFile: '/c/p256.pem',
                  keyId: null,
                  certificateFile: null,
                },
                f: { kind: 'token-file', path: '/c/projected' },
              },
            },
          },
        },
      },
    },
  });
});

test.each<[what: string, provider: string, told: RegExp]>([
  ['no provider', '', /identity_provider: "identity_provider" is missing/],
  ['no issuer', `, identity_provider: {principals: {${four}}}`, /issuer: "issuer" is missing: clients ask/],
  [
    'plain http',
    `, identity_provider: {issuer: "http://idp.example.com", principals: {${four}}}`,
    /issuer: "issuer" must begin with https/,
  ],
  [
    'a metadata address',
    `, identity_provider: {issuer: "https://169.254.169.254", principals: {${four}}}`,
    /issuer: "issuer" cannot be used: 169.254.169.254 is a link-local/,
  ],
  [
    'a principal without an identity',
    `, identity_provider: {issuer: "https://idp.example.com", principals: {r: ${identity('cr')}, t: ${identity('ct')}, l: ${identity('cl')}}}`,
    /principals.fork: The workspace "main" has "auth: identity-provider" and nothing for f/,
  ],
  [
    'a reader without one',
    `, identity_provider: {issuer: "https://idp.example.com", principals: {t: ${identity('ct')}, l: ${identity('cl')}, f: ${identity('cf')}}}`,
    /principals: "principals" needs a line for the reader, r/,
  ],
  [
    'one client for two principals',
    `, identity_provider: {issuer: "https://idp.example.com", principals: {r: ${identity('same')}, t: ${identity('same')}, l: ${identity('cl')}, f: {token_file: projected}}}`,
    /t and r have the same client: each principal needs one of its own/,
  ],
  [
    'another curve',
    `, identity_provider: {issuer: "https://idp.example.com", principals: {r: ${identity('cr', 'p384.pem')}, t: ${identity('ct')}, l: ${identity('cl')}, f: {token_file: projected}}}`,
    /private_key_file: "private_key_file" must hold a private key in PEM, of RSA \(2048/,
  ],
  [
    'a short key',
    `, identity_provider: {issuer: "https://idp.example.com", principals: {r: ${identity('cr', 'weak.pem')}, t: ${identity('ct')}, l: ${identity('cl')}, f: {token_file: projected}}}`,
    /private_key_file" must hold a private key/,
  ],
  [
    'a certificate of something else',
    `, identity_provider: {issuer: "https://idp.example.com", principals: {r: {client_id: cr, private_key_file: p256.pem, certificate_file: certificate.pem}, t: ${identity('ct')}, l: ${identity('cl')}, f: {token_file: projected}}}`,
    /certificate_file" must hold the certificate/,
  ],
  [
    'both kinds at once',
    `, identity_provider: {issuer: "https://idp.example.com", principals: {r: {token_file: projected, client_id: x}, t: ${identity('ct')}, l: ${identity('cl')}, f: ${identity('cf')}}}`,
    /"token_file" stands alone: leave out "client_id"/,
  ],
  [
    'neither kind',
    `, identity_provider: {issuer: "https://idp.example.com", principals: {r: {client_id: x}, t: ${identity('ct')}, l: ${identity('cl')}, f: ${identity('cf')}}}`,
    /must have "client_id" and "private_key_file", or "token_file"/,
  ],
  [
    'a parameter of ours',
    `, identity_provider: {issuer: "https://idp.example.com", parameters: {client_assertion: x}, principals: {${four}}}`,
    /parameters.client_assertion: "client_assertion" is set by the backend itself/,
  ],
  [
    'a file that is not there',
    `, identity_provider: {issuer: "https://idp.example.com", principals: {r: ${identity('cr', 'gone.pem')}, t: ${identity('ct')}, l: ${identity('cl')}, f: {token_file: projected}}}`,
    /\/c\/gone.pem cannot be read: there is no such file/,
  ],
])('%s is told', (_what, provider, told) => {
  expect(problems(`auth: identity-provider${provider}`).join('\n')).toMatch(told);
});

test('what belongs to another kind of authentication is told', () => {
  expect(problems(`auth: federation, identity_provider: {principals: {${four}}}`).join('\n')).toContain(
    '"identity_provider" belongs to "auth: identity-provider"',
  );
  expect(problems('auth: federation', ', as_user: {17: anna}').join('\n')).toContain(
    'a user name at Databricks',
  );
  expect(problems('auth: federation', ', as_user: {anna: anna@example.com}').join('\n')).toContain(
    '"anna" cannot be a name here',
  );
  expect(
    problems('auth: federation', ', as_user: {17: anna@example.com, 18: Anna@example.com}').join('\n'),
  ).toContain('The users 17 and 18 of Gitea are both Anna@example.com');
  const provider = `auth: identity-provider, identity_provider: {issuer: "https://idp.example.com", principals: {${four}}}`;
  expect(problems(provider, ', as_user: {17: anna@example.com}').join('\n')).toContain(
    '"as_user" needs "auth: federation"',
  );
  expect(problems(provider, ', subject: repository').join('\n')).toContain(
    '"subject: repository" needs "auth: federation"',
  );
  expect(problems('auth: federation', ', teams: {release: [managers]}').join('\n')).toContain('org:team');
});
