import { lookup as dnsLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { isIP } from 'node:net';
import { Agent } from 'undici';
import { refusalOf } from './refused-addresses.ts';

/** A host that the configuration names leads where no credential goes. */
export class AddressRefused extends Error {
  readonly code = 'ADDRESS_REFUSED';

  constructor(host: string, reason: string) {
    super(`No connection is made to ${host}: ${reason}.`);
    this.name = 'AddressRefused';
  }
}

/**
 * Looks a name up and refuses what it must not lead to. The connection goes to the very address that was checked, so
 * that a second answer of the name server changes nothing (DNS rebinding).
 */
function guarded(lookup: typeof dnsLookup): LookupFunction {
  return (host, options, callback) => {
    lookup(host, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '', 0);
      for (const { address } of addresses) {
        const reason = refusalOf(host, address);
        if (reason !== null) return callback(new AddressRefused(host, reason), '', 0);
      }
      const [first] = addresses;
      if (!first) return callback(new AddressRefused(host, 'it has no address'), '', 0);
      if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

/** `fetch` for hosts that the configuration names: checks the address of each connection. Redirects are its caller's. */
export function createGuardedFetch(lookup: typeof dnsLookup = dnsLookup): typeof globalThis.fetch {
  const dispatcher = new Agent({ connect: { lookup: guarded(lookup) } });
  return async (input, init) => {
    const host = new URL(input instanceof Request ? input.url : input).hostname;
    // An address instead of a name is never looked up.
    const address = host.replace(/^\[|\]$/g, '');
    const reason = isIP(address) ? refusalOf(host, address) : null;
    // As fetch tells a connection that failed, so that callers need to know one shape only.
    if (reason !== null) throw new TypeError('fetch failed', { cause: new AddressRefused(host, reason) });
    // Node's fetch is undici's: it takes a dispatcher of the same major version.
    return fetch(input, { ...init, dispatcher } as RequestInit);
  };
}

/** The one that the backend uses. */
export const guardedFetch = createGuardedFetch();
