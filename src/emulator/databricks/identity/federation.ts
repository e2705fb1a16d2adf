import type { JSONWebKeySet, JWTPayload, JWTVerifyGetKey } from 'jose';
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  errors,
  jwtVerify,
} from 'jose';
import type { OidcPolicy } from './policies.ts';

/** Databricks takes these and no others; symmetric keys and `none` never. */
const algorithms = ['RS256', 'ES256'];
const skewSeconds = 60;

/** Why a JWT was not accepted, in words that name the claim. */
export class FederationError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'FederationError';
  }
}

/** A token that a policy accepts. */
export interface Accepted {
  claims: JWTPayload;
  /** Value of the policy's subject claim. */
  subject: string;
}

/** Verifies subject tokens against the policies of a service principal or of the account; keeps the key sets of remote issuers. */
export function createFederation(accountId: string, now: () => number) {
  const remote = new Map<string, JWTVerifyGetKey>();

  function remoteKeys(uri: string): JWTVerifyGetKey {
    const known = remote.get(uri);
    if (known) return known;
    const keys = createRemoteJWKSet(new URL(uri), { cooldownDuration: 1000, timeoutDuration: 5000 });
    remote.set(uri, keys);
    return keys;
  }

  async function keysOf(policy: OidcPolicy): Promise<JWTVerifyGetKey> {
    if (policy.jwks_json !== undefined)
      return createLocalJWKSet(JSON.parse(policy.jwks_json) as JSONWebKeySet);
    if (policy.jwks_uri !== undefined) return remoteKeys(policy.jwks_uri);
    const address = `${policy.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    try {
      const response = await fetch(address, { redirect: 'error', signal: AbortSignal.timeout(5000) });
      const document = (await response.json()) as { issuer?: unknown; jwks_uri?: unknown };
      if (document.issuer !== policy.issuer || typeof document.jwks_uri !== 'string')
        throw new Error('its issuer differs or it names no jwks_uri');
      return remoteKeys(document.jwks_uri);
    } catch (error) {
      throw new FederationError(`The issuer's discovery document ${address} cannot be used`, error);
    }
  }

  async function verify(token: string, policy: OidcPolicy): Promise<Accepted> {
    const audiences = policy.audiences.length > 0 ? policy.audiences : [accountId];
    const { payload } = await jwtVerify(token, await keysOf(policy), {
      issuer: policy.issuer,
      audience: audiences,
      algorithms,
      clockTolerance: skewSeconds,
      currentDate: new Date(now()),
      requiredClaims: ['iss', 'aud', 'sub', 'iat', 'exp'],
    });
    if ((payload.iat ?? 0) > now() / 1000 + skewSeconds)
      throw new FederationError('The claim iat lies in the future; check the clock of the issuer');
    const subject = payload[policy.subject_claim];
    if (typeof subject !== 'string')
      throw new FederationError(`The token has no text in the claim ${policy.subject_claim}`);
    // An account-wide policy names none: whom it says is whom the token speaks for.
    if (policy.subject !== undefined && subject !== policy.subject)
      throw new FederationError(
        `The claim ${policy.subject_claim} (${JSON.stringify(subject)}) matches no federation policy`,
      );
    return { claims: payload, subject };
  }

  return {
    /**
     * Claims and subject of a token that one of the policies accepts.
     * @throws FederationError with the reason of the policy that came closest.
     */
    async accept(token: string, policies: readonly OidcPolicy[]): Promise<Accepted> {
      const { issuer, algorithm } = unverified(token);
      if (!algorithms.includes(algorithm))
        throw new FederationError(
          `The algorithm ${algorithm} is not accepted, only ${algorithms.join(' and ')}`,
        );
      const candidates = policies.filter((policy) => policy.issuer === issuer);
      if (candidates.length === 0)
        throw new FederationError(`The claim iss (${JSON.stringify(issuer)}) matches no federation policy`);
      let reason: FederationError | undefined;
      for (const policy of candidates) {
        try {
          return await verify(token, policy);
        } catch (error) {
          reason = explain(error);
        }
      }
      throw reason ?? new FederationError('No federation policy accepts the token');
    },
  };
}

/** What the token says of itself, to find the policy and to word the refusal. */
function unverified(token: string): { issuer: unknown; algorithm: string } {
  try {
    return { issuer: decodeJwt(token).iss, algorithm: String(decodeProtectedHeader(token).alg) };
  } catch (error) {
    throw new FederationError('subject_token is not a JSON Web Token', error);
  }
}

function explain(error: unknown): FederationError {
  if (error instanceof FederationError) return error;
  if (error instanceof errors.JWTExpired)
    return new FederationError('The token has expired (claim exp)', error);
  if (error instanceof errors.JWTClaimValidationFailed) {
    const what = error.reason === 'missing' ? 'is missing' : 'is not what the policy demands';
    return new FederationError(`The claim ${error.claim} ${what}`, error);
  }
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return new FederationError('The signature does not verify with the keys of the issuer', error);
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys)
    return new FederationError('No key of the issuer fits the kid of the token', error);
  return new FederationError('The token cannot be verified with the keys of the issuer', error);
}
