import { BlockList, isIP } from 'node:net';

/**
 * Where no workspace and no identity provider is, and what a machine's neighbours answer with secrets: link-local
 * addresses and the metadata services of clouds (hazard 24). Private networks are not among them: workspaces are
 * reached through private links, too.
 */
const refused = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['100.100.100.200', 32], // Alibaba Cloud
  ['168.63.129.16', 32], // Azure
  ['192.0.0.192', 32], // Oracle Cloud
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const) {
  refused.addSubnet(network, prefix, 'ipv4');
}
for (const [network, prefix] of [
  ['::', 128],
  ['fe80::', 10],
  ['ff00::', 8],
  ['fd00:ec2::', 32], // Amazon
  ['fd20:ce::', 32], // Google
  ['64:ff9b::a9fe:0', 112], // 169.254.0.0/16 behind NAT64
  ['2002:a9fe::', 32], // and behind 6to4
] as const) {
  refused.addSubnet(network, prefix, 'ipv6');
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

const inList = (list: BlockList, address: string) =>
  list.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6');

/** @param host of a URL: a name, an IPv4 address, or an IPv6 address with or without brackets */
export function isLoopbackHost(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, '').toLowerCase();
  if (isIP(name)) return inList(loopback, name);
  return name === 'localhost' || name.endsWith('.localhost');
}

/**
 * Why no connection is made to an address; null: it may be. This machine itself answers only to its own names, so
 * that a name elsewhere cannot lead a credential to it.
 *
 * @param host as the configuration names it
 * @param address an IP address that it stands for; IPv4 within IPv6 counts as IPv4
 */
export function refusalOf(host: string, address: string): string | null {
  if (inList(refused, address)) return `${address} is a link-local, metadata or reserved address`;
  if (inList(loopback, address) && !isLoopbackHost(host)) return `${address} is this machine itself`;
  return null;
}
