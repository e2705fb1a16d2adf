import { randomUUID } from 'node:crypto';
import type { JWK } from 'jose';
import { calculateJwkThumbprint, exportJWK, exportPKCS8, generateKeyPair, importPKCS8, SignJWT } from 'jose';
import type { AuditLog } from '../audit/entry.ts';
import type { Transactor } from '../store/transactor.ts';
import type { ScheduledKey } from './key-schedule.ts';
import { keySchedule, shortestLeadMs, tokenLifeSeconds } from './key-schedule.ts';
import { seal, unseal } from './seal.ts';
import type { SigningKeyStore, StoredSigningKey } from './signing-keys.ts';

const algorithm = 'ES256';
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

/** What a rotation did. */
export interface Rotation {
  key: StoredSigningKey;
  signsFrom: Date;
  /** Ids of the keys that sign no more from then on; of a theft, those that are gone. */
  retired: string[];
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

  /** All keys that have signed a token that is still good, or soon will; makes the first one where there is none. */
  async keySet(): Promise<KeySet> {
    return { keys: (await this.keys()).map(({ key }) => key.publicJwk) };
  }

  /** The published keys and what each does now, oldest first. Those that nobody needs any more are removed. */
  async keys(): Promise<ScheduledKey[]> {
    await this.#signingKey();
    const { signingKeys } = this.#transactor.stores;
    const schedule = keySchedule(await signingKeys.all(), this.#now());
    for (const { key, state } of schedule) if (state === 'outdated') await signingKeys.remove(key.kid);
    return schedule.filter(({ state }) => state !== 'outdated');
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
      .setExpirationTime(issuedAt + tokenLifeSeconds)
      .sign(await importPKCS8(pem, algorithm));
  }

  /**
   * Publishes a new key at once, which signs after the lead; until then the present one does, and stays published
   * while tokens of it may be out. A running backend reads the store, so it needs no word of this.
   *
   * @param leadMs at least {@link shortestLeadMs}; longer where an admin carries the key set to Databricks
   * @throws when a rotation is under way, or the lead is too short
   */
  async rotate(leadMs: number = shortestLeadMs): Promise<Rotation> {
    if (leadMs < shortestLeadMs) {
      throw new Error(
        `A new key must be published for ${shortestLeadMs / 60_000} minutes before it signs: caches keep key sets.`,
      );
    }
    await this.#signingKey();
    const signsFrom = new Date(this.#now().getTime() + leadMs);
    return this.#addKey(signsFrom, (schedule) => {
      const next = schedule.find(({ state }) => state === 'next');
      if (next) {
        throw new Error(
          `A rotation is under way: ${next.key.kid} signs from ${next.until?.toISOString()}. Wait for it, or replace all keys at once with --compromised.`,
        );
      }
    });
  }

  /**
   * For a stolen key: a new one signs at once, and no other is published any more. Exchanges fail until Databricks
   * has the new key set: within its cache time, or when the policies that carry keys were changed.
   */
  async replaceKeys(): Promise<Rotation> {
    return this.#addKey(this.#now(), () => {}, 'compromised');
  }

  async #signingKey(): Promise<StoredSigningKey> {
    const schedule = keySchedule(await this.#transactor.stores.signingKeys.all(), this.#now());
    const current = schedule.find(({ state }) => state === 'signing');
    if (current) return current.key;
    this.#creating ??= this.#addKey(this.#now(), () => {}, 'first')
      .then(({ key }) => key)
      .finally(() => {
        this.#creating = null;
      });
    return this.#creating;
  }

  /** @param check throws when no key may be added now; it sees what is stored within the same transaction */
  async #addKey(
    signsFrom: Date,
    check: (schedule: ScheduledKey[]) => void,
    why: 'first' | 'rotation' | 'compromised' = 'rotation',
  ): Promise<Rotation> {
    const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
    const jwk = await exportJWK(publicKey);
    const kid = await calculateJwkThumbprint(jwk);
    const key: StoredSigningKey = {
      kid,
      publicJwk: { ...jwk, kid, alg: algorithm, use: 'sig' },
      privateKey: seal(this.#encryptionKey, `signing-key:${kid}`, await exportPKCS8(privateKey)),
      createdAt: this.#now(),
      retiredAt: null,
    };
    return this.#transactor.transaction(async ({ signingKeys, audit }) => {
      const schedule = keySchedule(await signingKeys.all(), this.#now());
      const present = schedule.find(({ state }) => state === 'signing');
      // Another process may have made the first key meanwhile.
      if (why === 'first' && present) return { key: present.key, signsFrom, retired: [] };
      check(schedule);
      const retired: string[] = [];
      for (const { key: old, state } of schedule) {
        if (why === 'compromised') await signingKeys.remove(old.kid);
        else if (state === 'signing') await signingKeys.retire(old.kid, signsFrom);
        else continue;
        retired.push(old.kid);
      }
      await signingKeys.add(key);
      await audit.append({
        action: 'key.rotated',
        outcome: 'done',
        actor: { kind: 'system', name: 'issuer' },
        subject: `signing key ${kid}`,
        detail: { why, signsFrom: signsFrom.toISOString(), retired },
      });
      return { key, signsFrom, retired };
    });
  }
}
