import { randomUUID } from 'node:crypto';
import type { JWK } from 'jose';
import { calculateJwkThumbprint, exportJWK, exportPKCS8, generateKeyPair, importPKCS8, SignJWT } from 'jose';
import type { AuditLog } from '../audit/entry.ts';
import type { Transactor } from '../store/transactor.ts';
import { seal, unseal } from './seal.ts';
import type { SigningKeyStore, StoredSigningKey } from './signing-keys.ts';

const algorithm = 'ES256';
/** A token of ours lives no longer than this (seconds). */
const longestLife = 300;
/** Retired keys stay published this long, so that whoever cached the key set keeps verifying. */
const publishedAfterRetirementMs = 24 * 3600_000;
/** Clocks differ: a token counts from a little before now. */
const skewSeconds = 5;

/** What a minted token says beside issuer, times and id. */
export interface MintRequest {
  subject: string;
  audience: string;
  /** Further claims; registered names are not among them. */
  claims?: Record<string, string | number>;
}

/** The public half of the keys, as a JSON Web Key Set (RFC 7517). */
export interface KeySet {
  keys: JWK[];
}

/** The backend as OpenID Connect issuer: its keys, its metadata, its tokens. No route gives a token away. */
export class Issuer {
  /** The issuer's name: the public URL without a slash at its end. */
  readonly url: string;
  readonly #transactor: Transactor<{ signingKeys: SigningKeyStore; audit: AuditLog }>;
  readonly #encryptionKey: Uint8Array;
  readonly #now: () => Date;
  #creating: Promise<StoredSigningKey> | null = null;

  constructor(dependencies: {
    publicUrl: string;
    transactor: Transactor<{ signingKeys: SigningKeyStore; audit: AuditLog }>;
    /** 32 bytes. */
    encryptionKey: Uint8Array;
    now?: () => Date;
  }) {
    this.url = dependencies.publicUrl.replace(/\/+$/, '');
    this.#transactor = dependencies.transactor;
    this.#encryptionKey = dependencies.encryptionKey;
    this.#now = dependencies.now ?? (() => new Date());
  }

  /** OpenID provider metadata, as far as token federation reads it. */
  discovery(): Record<string, unknown> {
    return {
      issuer: this.url,
      jwks_uri: `${this.url}/.well-known/jwks.json`,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: [algorithm],
    };
  }

  /** All keys that may have signed a token that is still good; makes the first one where there is none. */
  async keySet(): Promise<KeySet> {
    await this.#signingKey();
    const limit = this.#now().getTime() - publishedAfterRetirementMs;
    const keys = await this.#transactor.stores.signingKeys.all();
    return {
      keys: keys
        .filter(({ retiredAt }) => retiredAt === null || retiredAt.getTime() > limit)
        .map(({ publicJwk }) => publicJwk),
    };
  }

  /** A fresh signed token; never stored, never given to a browser. */
  async mint({ subject, audience, claims = {} }: MintRequest): Promise<string> {
    const key = await this.#signingKey();
    const pem = unseal(this.#encryptionKey, `signing-key:${key.kid}`, key.privateKey);
    const issuedAt = Math.floor(this.#now().getTime() / 1000) - skewSeconds;
    return new SignJWT(claims)
      .setProtectedHeader({ alg: algorithm, kid: key.kid, typ: 'JWT' })
      .setIssuer(this.url)
      .setAudience(audience)
      .setSubject(subject)
      .setJti(randomUUID())
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + longestLife)
      .sign(await importPKCS8(pem, algorithm));
  }

  /** Signs with a new key from now on; the old one stays published for a day. */
  async rotate(): Promise<string> {
    return (await this.#createKey()).kid;
  }

  async #signingKey(): Promise<StoredSigningKey> {
    const keys = await this.#transactor.stores.signingKeys.all();
    const current = keys.find(({ retiredAt }) => retiredAt === null);
    if (current) return current;
    this.#creating ??= this.#createKey().finally(() => {
      this.#creating = null;
    });
    return this.#creating;
  }

  async #createKey(): Promise<StoredSigningKey> {
    const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
    const jwk = await exportJWK(publicKey);
    const kid = await calculateJwkThumbprint(jwk);
    const now = this.#now();
    const key: StoredSigningKey = {
      kid,
      publicJwk: { ...jwk, kid, alg: algorithm, use: 'sig' },
      privateKey: seal(this.#encryptionKey, `signing-key:${kid}`, await exportPKCS8(privateKey)),
      createdAt: now,
      retiredAt: null,
    };
    await this.#transactor.transaction(async ({ signingKeys, audit }) => {
      const before = (await signingKeys.all()).filter(({ retiredAt }) => retiredAt === null);
      for (const old of before) await signingKeys.retire(old.kid, now);
      await signingKeys.add(key);
      await audit.append({
        action: 'key.rotated',
        outcome: 'done',
        actor: { kind: 'system', name: 'issuer' },
        subject: `signing key ${kid}`,
        detail: { retired: before.map((old) => old.kid) },
      });
    });
    return key;
  }
}
