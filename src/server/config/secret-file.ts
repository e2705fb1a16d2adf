import { readFileSync } from 'node:fs';

/** Port: the content of a secret's file, trimmed. Throws an error whose message says what is wrong. */
export type ReadSecret = (path: string) => string;

const reasons: Record<string, string> = {
  ENOENT: 'there is no such file',
  EACCES: 'this user may not read it',
  EISDIR: 'it is a folder',
};

/** Reads a secret's file: one line of text, white space around it does not count. */
export const readSecretFile: ReadSecret = (path) => {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    throw new Error(`${path} cannot be read: ${reasons[code] ?? code}`);
  }
  if (text === '') throw new Error(`${path} is empty`);
  if (text.length > 16_384) throw new Error(`${path} is larger than a secret should be (16 KiB)`);
  return text;
};

/** @param text 64 hexadecimal digits, or base64 of 32 bytes @returns null when it is neither */
export function parseEncryptionKey(text: string): Uint8Array | null {
  const bytes = /^[0-9a-fA-F]{64}$/.test(text) ? Buffer.from(text, 'hex') : Buffer.from(text, 'base64');
  return bytes.length === 32 ? new Uint8Array(bytes) : null;
}
