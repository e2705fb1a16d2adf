import type { JWK } from 'jose';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK } from 'jose';
import type { ForgeContext } from '../context.ts';

export interface SigningKey {
  privateKey: CryptoKey;
  /** What `/login/oauth/keys` shows. */
  publicJwk: JWK;
  kid: string;
}

const name = 'oauth2-signing-key';
const keys = new WeakMap<ForgeContext['store'], Promise<SigningKey>>();

/** The instance's RS256 key, made at first use and kept in the store. */
export function signingKey(forge: ForgeContext): Promise<SigningKey> {
  const known = keys.get(forge.store) ?? loadKey(forge);
  keys.set(forge.store, known);
  return known;
}

async function loadKey(forge: ForgeContext): Promise<SigningKey> {
  const stored = forge.store.secrets.find({ name });
  const jwk = stored === undefined ? await newKey(forge) : (JSON.parse(stored.value) as JWK);
  const kid = await calculateJwkThumbprint(jwk);
  const privateKey = (await importJWK(jwk, 'RS256')) as CryptoKey;
  return {
    privateKey,
    kid,
    publicJwk: { kty: 'RSA', alg: 'RS256', use: 'sig', kid, n: jwk.n!, e: jwk.e! },
  };
}

async function newKey(forge: ForgeContext): Promise<JWK> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const jwk = await exportJWK(privateKey);
  forge.store.secrets.insert({ name, value: JSON.stringify(jwk) });
  return jwk;
}
