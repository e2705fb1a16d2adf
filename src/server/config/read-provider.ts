import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Static } from 'typebox';
import type { ProviderConfiguration, ProviderIdentity } from './provider-configuration.ts';
import type { IdentityProvider } from './provider-schema.ts';
import type { Reader } from './reader.ts';
import { readTarget } from './reader.ts';
import type { DocumentPath } from './yaml-document.ts';

type Given = Static<typeof IdentityProvider>;
type GivenIdentity = Given['principals'][string];

/** Parameters that the backend sets itself. */
const own = [
  'grant_type',
  'client_id',
  'client_assertion',
  'client_assertion_type',
  'client_secret',
  'scope',
];

/** `identity_provider` of one workspace. Every file is looked at now, so that a wrong path is told at the start. */
export function readProvider(given: Given, at: DocumentPath, reader: Reader): ProviderConfiguration {
  const principals: Record<string, ProviderIdentity> = {};
  const seen = new Map<string, string>();
  for (const [id, identity] of Object.entries(given.principals)) {
    const path = [...at, 'principals', id];
    principals[id] = readIdentity(identity, path, reader);
    const source = identity.client_id ?? identity.token_file ?? '';
    const other = seen.get(source);
    if (other !== undefined) {
      reader.report(
        path,
        `${id} and ${other} have the same ${identity.client_id ? 'client' : 'token file'}: each principal needs one of its own, or one could act as the other.`,
      );
    }
    seen.set(source, id);
  }
  const asClient = Object.values(principals).some(({ kind }) => kind === 'client');
  if (asClient && given.issuer === undefined) {
    reader.report([...at, 'issuer'], '"issuer" is missing: clients ask the provider for their tokens.');
  }
  for (const name of Object.keys(given.parameters ?? {}).filter((name) => own.includes(name))) {
    reader.report([...at, 'parameters', name], `"${name}" is set by the backend itself.`);
  }
  // The issuer itself stays as it is written: a slash at its end counts.
  if (given.issuer !== undefined) readTarget(given.issuer, [...at, 'issuer'], reader);
  return {
    issuer: given.issuer ?? null,
    scope: given.scope ?? null,
    parameters: given.parameters ?? {},
    assertionAudience: given.assertion_audience ?? 'issuer',
    principals,
  };
}

function readIdentity(given: GivenIdentity, at: DocumentPath, reader: Reader): ProviderIdentity {
  const { client_id, private_key_file, certificate_file, token_file } = given;
  if (token_file !== undefined) {
    const others = Object.keys(given).filter((name) => name !== 'token_file');
    if (others.length > 0) {
      reader.report(
        at,
        `"token_file" stands alone: leave out ${others.map((name) => `"${name}"`).join(', ')}.`,
      );
    }
    reader.secret([...at, 'token_file'], token_file);
    return { kind: 'token-file', path: reader.resolve(token_file) };
  }
  if (client_id === undefined || private_key_file === undefined) {
    reader.report(at, 'This must have "client_id" and "private_key_file", or "token_file".');
    return { kind: 'token-file', path: '' };
  }
  const pem = reader.secret([...at, 'private_key_file'], private_key_file);
  if (pem !== '' && !isUsableKey(pem)) {
    reader.report(
      [...at, 'private_key_file'],
      '"private_key_file" must hold a private key in PEM, of RSA (2048 bits or more) or of the curve P-256.',
    );
  }
  if (certificate_file !== undefined) {
    const certificate = reader.secret([...at, 'certificate_file'], certificate_file);
    if (certificate !== '' && pem !== '' && !belongsTo(certificate, pem)) {
      reader.report(
        [...at, 'certificate_file'],
        '"certificate_file" must hold the certificate (PEM) of the key in "private_key_file".',
      );
    }
  }
  return {
    kind: 'client',
    clientId: client_id,
    keyFile: reader.resolve(private_key_file),
    keyId: given.key_id ?? null,
    certificateFile: certificate_file === undefined ? null : reader.resolve(certificate_file),
  };
}

function isUsableKey(pem: string): boolean {
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = createPrivateKey(pem);
    return asymmetricKeyType === 'rsa'
      ? (asymmetricKeyDetails?.modulusLength ?? 0) >= 2048
      : asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1';
  } catch {
    return false;
  }
}

function belongsTo(certificate: string, pem: string): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(pem));
  } catch {
    return false;
  }
}
