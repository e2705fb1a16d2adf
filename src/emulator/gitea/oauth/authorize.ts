import { randomBytes } from 'node:crypto';
import { sha256 } from '../account/passwords.ts';
import type { ForgeContext } from '../context.ts';
import type { ApplicationRow, GrantRow, UserRow } from '../store/rows.ts';
import { isRegisteredRedirect } from './applications.ts';

/** `[oauth2]`: an authorization code lives ten minutes. */
const codeLifetime = 600;

/** The parameters of an authorization request (RFC 6749 §4.1.1, RFC 7636, OpenID Connect's nonce). */
export interface AuthorizeRequest {
  clientId: string;
  redirectUri: string;
  responseType: string;
  scope: string;
  state: string;
  nonce: string;
  codeChallenge: string;
  codeChallengeMethod: string;
}

export type AuthorizeAnswer =
  /** Back to the client, with a code or an error. */
  | { kind: 'redirect'; location: string }
  /** The user must agree first. */
  | { kind: 'consent'; application: ApplicationRow; creator: UserRow; request: AuthorizeRequest }
  /** Nobody is signed in. */
  | { kind: 'login' }
  /** The client or its redirect URI is unknown, so nobody can be sent back: a page with 400. */
  | { kind: 'refused'; code: string; message: string };

/** Consents that wait for an answer: one per session, so that a second request makes the first one's answer void. */
const waiting = new WeakMap<ForgeContext['store'], Map<string, AuthorizeRequest>>();

function waitingConsents(forge: ForgeContext): Map<string, AuthorizeRequest> {
  const known = waiting.get(forge.store) ?? new Map<string, AuthorizeRequest>();
  waiting.set(forge.store, known);
  return known;
}

/** Decides what an authorization request leads to. `session` names the browser session. */
export function startAuthorize(
  forge: ForgeContext,
  user: UserRow | undefined,
  session: string,
  request: AuthorizeRequest,
): AuthorizeAnswer {
  if (user === undefined) return { kind: 'login' };
  const application = forge.store.applications.find({ clientId: request.clientId });
  if (application === undefined) return refused('unauthorized_client', 'Client ID not registered');
  if (!isRegisteredRedirect(application, request.redirectUri)) {
    return refused('invalid_request', 'Unregistered Redirect URI');
  }
  const invalid = checkRequest(application, request);
  if (invalid !== undefined) return { kind: 'redirect', location: errorLocation(request, ...invalid) };

  const grant = forge.store.grants.find({ applicationId: application.id, userId: user.id });
  if (grant !== undefined && (application.isConfidential || application.skipSecondaryAuthorization)) {
    return { kind: 'redirect', location: codeLocation(forge, grant, request) };
  }
  waitingConsents(forge).set(session, request);
  return {
    kind: 'consent',
    application,
    creator: forge.store.users.get(application.userId)!,
    request,
  };
}

/** Takes the user's answer to the consent page. `answered` holds what the page's form sent back. */
export function answerConsent(
  forge: ForgeContext,
  user: UserRow,
  session: string,
  answered: Pick<AuthorizeRequest, 'clientId' | 'state' | 'redirectUri' | 'scope' | 'nonce'>,
  isGranted: boolean,
): AuthorizeAnswer {
  const request = waitingConsents(forge).get(session);
  const isSame =
    request !== undefined &&
    request.clientId === answered.clientId &&
    request.state === answered.state &&
    request.redirectUri === answered.redirectUri;
  if (!isSame)
    return refused('invalid_request', 'the consent does not belong to the latest authorization request');
  waitingConsents(forge).delete(session);
  if (!isGranted) {
    return { kind: 'redirect', location: errorLocation(request, 'access_denied', 'the request is denied') };
  }
  const application = forge.store.applications.find({ clientId: request.clientId });
  if (application === undefined) return refused('unauthorized_client', 'Client ID not registered');
  const key = { applicationId: application.id, userId: user.id };
  const existing = forge.store.grants.find(key);
  if (existing !== undefined && existing.scope !== request.scope) {
    const message = 'a grant exists with different scope';
    return { kind: 'redirect', location: errorLocation(request, 'server_error', message) };
  }
  const grant =
    existing ??
    forge.store.grants.insert({
      ...key,
      scope: request.scope,
      nonce: request.nonce,
      created: forge.now(),
      updated: forge.now(),
    });
  return { kind: 'redirect', location: codeLocation(forge, grant, request) };
}

/** Takes a grant back; its access and refresh tokens stop at once. */
export function revokeGrant(forge: ForgeContext, user: UserRow, grantId: number): void {
  forge.store.transaction(() => {
    if (forge.store.grants.find({ id: grantId, userId: user.id }) === undefined) return;
    forge.store.codes.remove({ grantId });
    forge.store.grants.remove({ id: grantId });
  });
}

function refused(code: string, message: string): AuthorizeAnswer {
  return { kind: 'refused', code, message };
}

function checkRequest(application: ApplicationRow, request: AuthorizeRequest): [string, string] | undefined {
  if (request.responseType !== 'code') {
    return ['unsupported_response_type', 'Only code response type is supported.'];
  }
  switch (request.codeChallengeMethod) {
    case 'S256':
    case 'plain':
      return request.codeChallenge === '' ? ['invalid_request', 'code challenge is missing'] : undefined;
    case '':
      return application.isConfidential
        ? undefined
        : ['invalid_request', 'PKCE is required for public clients'];
    default:
      return ['invalid_request', 'unsupported code challenge method'];
  }
}

function codeLocation(forge: ForgeContext, grant: GrantRow, request: AuthorizeRequest): string {
  const code = `gta_${randomBytes(32).toString('base64url')}`;
  forge.store.transaction(() => {
    // One nonce per grant: the newest request's, which is why parallel flows lose theirs.
    if (request.nonce !== '') forge.store.grants.update(grant.id, { nonce: request.nonce });
    forge.store.codes.insert({
      grantId: grant.id,
      hash: sha256(code),
      redirectUri: request.redirectUri,
      challenge: request.codeChallenge,
      challengeMethod: request.codeChallengeMethod,
      validUntil: forge.now() + codeLifetime,
    });
  });
  const location = new URL(request.redirectUri);
  location.searchParams.set('code', code);
  location.searchParams.set('state', request.state);
  return location.href;
}

function errorLocation(request: AuthorizeRequest, error: string, description: string): string {
  const location = new URL(request.redirectUri);
  location.searchParams.set('error', error);
  location.searchParams.set('error_description', description);
  location.searchParams.set('state', request.state);
  return location.href;
}
