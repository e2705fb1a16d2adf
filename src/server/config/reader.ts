import { isIP } from 'node:net';
import { isLoopbackHost, refusalOf } from '../outbound/refused-addresses.ts';
import type { DocumentPath } from './yaml-document.ts';

/** What reading a file needs to know beside its text. */
export interface Reader {
  report(path: DocumentPath, message: string): void;
  /** A secret by the path that the file gives; reports and gives '' when it cannot be read. */
  secret(path: DocumentPath, file: string): string;
  /** Relative paths start at the configuration's folder. */
  resolve(path: string): string;
}

/** @returns the address without a slash at its end */
export function readUrl(given: string, path: DocumentPath, reader: Reader, plainHttp = false): string {
  const url = URL.canParse(given) ? new URL(given) : null;
  const name = path.at(-1);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    reader.report(path, `"${name}" must be an address that begins with https://; it is "${given}".`);
    return 'https://invalid.invalid';
  }
  if (url.username || url.password || url.search || url.hash) {
    reader.report(path, `"${name}" must have no user, query or fragment.`);
  }
  if (url.protocol === 'http:' && !plainHttp && !isLoopbackHost(url.hostname)) {
    reader.report(
      path,
      `"${name}" must begin with https://; http:// is possible on loopback only, because tokens travel there.`,
    );
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}

/** The address of somebody who is sent credentials: never a link-local or metadata address. */
export function readTarget(given: string, path: DocumentPath, reader: Reader): string {
  const address = readUrl(given, path, reader);
  const host = new URL(address).hostname.replace(/^\[|\]$/g, '');
  const reason = isIP(host) ? refusalOf(host, host) : null;
  if (reason !== null) reader.report(path, `"${path.at(-1)}" cannot be used: ${reason}.`);
  return address;
}
