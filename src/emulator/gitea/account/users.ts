import { createHash } from 'node:crypto';
import type { ForgeContext } from '../context.ts';
import { Refusal } from '../refusal.ts';
import type { UserRow } from '../store/rows.ts';
import { hashPassword } from './passwords.ts';

export interface NewUser {
  name: string;
  password: string;
  email: string;
  admin?: boolean;
  fullName?: string;
}

/** Gitea's rule for names of users, organisations and repositories. */
const validName = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,38}[A-Za-z0-9])?$/;

/** First path segments that are routes and so cannot be names. */
const reservedNames = new Set([
  'api',
  'assets',
  'avatars',
  'user',
  'login',
  'org',
  'admin',
  'explore',
  'repo',
]);

/** Finds a user (not an organisation) by name. */
export function findUser(forge: ForgeContext, name: string): UserRow | undefined {
  return forge.store.users.find({ kind: 'user', lowerName: name.toLowerCase() });
}

/** Finds a user or an organisation by name. */
export function findOwner(forge: ForgeContext, name: string): UserRow | undefined {
  return forge.store.users.find({ lowerName: name.toLowerCase() });
}

/** Makes a user, as `gitea admin user create` or the admin API does. */
export async function createUser(forge: ForgeContext, input: NewUser): Promise<UserRow> {
  if (!/^[^\s@]+@[^\s@]+$/.test(input.email))
    throw new Refusal(422, `[Email]: ${input.email} is not an e-mail`);
  if (input.password.length < 8) throw new Refusal(400, 'PasswordTooShort: at least 8 characters');
  const password = await hashPassword(input.password);
  return forge.store.transaction(() => {
    if (forge.store.users.find({ kind: 'user', email: input.email }) !== undefined) {
      throw new Refusal(422, `e-mail already in use [email: ${input.email}]`);
    }
    return insertOwner(forge, 'user', input.name, {
      fullName: input.fullName ?? '',
      email: input.email,
      password,
      isAdmin: input.admin === true,
    });
  });
}

/** Inserts a user or an organisation after checking its name. */
export function insertOwner(
  forge: ForgeContext,
  kind: UserRow['kind'],
  name: string,
  details: Partial<
    Pick<UserRow, 'fullName' | 'email' | 'password' | 'isAdmin' | 'description' | 'visibility'>
  >,
): UserRow {
  if (!validName.test(name))
    throw new Refusal(422, `name is invalid [${name}]: must be valid alpha or numeric`);
  if (reservedNames.has(name.toLowerCase())) throw new Refusal(422, `name is reserved [name: ${name}]`);
  if (findOwner(forge, name) !== undefined) throw new Refusal(422, `user already exists [name: ${name}]`);
  return forge.store.users.insert({
    kind,
    name,
    lowerName: name.toLowerCase(),
    fullName: '',
    email: '',
    password: null,
    isAdmin: false,
    description: '',
    website: '',
    location: '',
    visibility: 'public',
    language: '',
    lastLogin: 0,
    ...details,
    avatar: createHash('md5')
      .update(details.email || `${kind}:${name.toLowerCase()}`)
      .digest('hex'),
    created: forge.now(),
  });
}
