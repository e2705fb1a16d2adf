import { randomBytes } from 'node:crypto';
import type { ForgeContext } from '../context.ts';
import type { UserRow } from '../store/rows.ts';
import { isPassword, sha256 } from './passwords.ts';
import { findUser } from './users.ts';

/** Gitea's session cookie. Only pages and the OAuth provider accept it; the API never does. */
export const sessionCookie = 'i_like_gitea';

/** Name (or e-mail) and password of a user; undefined where they do not fit. */
export async function verifyPassword(
  forge: ForgeContext,
  name: string,
  password: string,
): Promise<UserRow | undefined> {
  const user = findUser(forge, name) ?? forge.store.users.find({ kind: 'user', email: name });
  if (user === undefined || user.password === null) return undefined;
  return (await isPassword(password, user.password)) ? user : undefined;
}

/** Checks name and password and starts a session; undefined where they do not fit. */
export async function signIn(
  forge: ForgeContext,
  name: string,
  password: string,
): Promise<{ user: UserRow; setCookie: string } | undefined> {
  const user = await verifyPassword(forge, name, password);
  if (user === undefined) return undefined;
  const id = randomBytes(16).toString('hex');
  forge.store.sessions.insert({ hash: sha256(id), userId: user.id, created: forge.now() });
  const seen = forge.store.users.update(user.id, { lastLogin: forge.now(), language: 'en-US' });
  return { user: seen, setCookie: cookie(forge, id) };
}

/** Ends the request's session; the value for `Set-Cookie` removes it from the browser. */
export function signOut(forge: ForgeContext, request: SessionRequest): string {
  const id = sessionId(request);
  if (id !== undefined) forge.store.sessions.remove({ hash: sha256(id) });
  return `${cookie(forge, '')}; Max-Age=0`;
}

/** The part of a request that carries a session. */
export interface SessionRequest {
  headers: { cookie?: string };
}

/** The user whose session cookie a request carries. */
export function signedInUser(forge: ForgeContext, request: SessionRequest): UserRow | undefined {
  const id = sessionId(request);
  const session = id === undefined ? undefined : forge.store.sessions.find({ hash: sha256(id) });
  return session === undefined ? undefined : forge.store.users.get(session.userId);
}

/** A name for the request's browser session that tells nothing about its cookie; undefined without one. */
export function sessionKey(request: SessionRequest): string | undefined {
  const id = sessionId(request);
  return id === undefined ? undefined : sha256(id);
}

function sessionId(request: SessionRequest): string | undefined {
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const [name, value] = part.trim().split('=');
    if (name === sessionCookie && value) return value;
  }
  return undefined;
}

function cookie(forge: ForgeContext, value: string): string {
  const root = new URL(forge.settings.rootUrl);
  const secure = root.protocol === 'https:' ? '; Secure' : '';
  return `${sessionCookie}=${value}; Path=${root.pathname}; HttpOnly; SameSite=Lax${secure}`;
}
