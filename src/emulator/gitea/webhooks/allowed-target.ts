import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';

/** `[webhook] ALLOWED_HOST_LIST=loopback`: a forge for trying out never calls anything but this machine. */
const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Why a webhook may not be sent to an address; undefined where it may. */
export async function allowedTarget(target: string): Promise<string | undefined> {
  const url = new URL(target);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    return `unsupported protocol scheme "${url.protocol}"`;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const addresses = isIP(host) ? [host] : (await lookup(host, { all: true })).map((one) => one.address);
  const outside = addresses.find(
    (address) => !loopback.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4'),
  );
  return outside === undefined
    ? undefined
    : `webhook can only call allowed HTTP servers (check your webhook.ALLOWED_HOST_LIST setting), deny '${host}(${outside})'`;
}
