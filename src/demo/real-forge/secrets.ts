import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { writePrivateFile } from '../private-file.ts';

/** What Gitea encrypts and signs with. */
export interface GiteaSecrets {
  secretKey: string;
  internalToken: string;
  /** 32 bytes, base64url: what Gitea insists on. */
  jwtSecret: string;
}

/** The secrets of the first start, the same at every further one: what is in the database depends on them. */
export function keptSecrets(file: string): GiteaSecrets {
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as GiteaSecrets;
  const made = {
    secretKey: randomBytes(32).toString('hex'),
    internalToken: randomBytes(32).toString('hex'),
    jwtSecret: randomBytes(32).toString('base64url'),
  };
  writePrivateFile(file, `${JSON.stringify(made, null, 2)}\n`);
  return made;
}
