import { isIP } from 'node:net';
import { type AddressRange, addressKind, isWithin } from './address-kind.js';
import type { EgressRefusal } from './egress-refused.js';

/** Where somebody's providers may be. */
export type EgressPolicy = Readonly<{
  /** Whether they may be on machines of one's own: loopback and private networks. */
  isInternalOpen: boolean;
  /** Whether they may be called without TLS. */
  isPlainHttpOpen: boolean;
  portsRefused: ReadonlySet<number>;
  /** Let through whatever their kind is. */
  rangesAllowed: readonly AddressRange[];
  /** Names that are let through, whatever they resolve to; in lower case. */
  hostsAllowed: ReadonlySet<string>;
}>;

/** A URL, or what a connection is opened to. */
export type EgressTarget = Readonly<{ protocol: string; hostname: string; port: string }>;

const defaultPorts: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

/** What is wrong with a target before its name is resolved. A host that is an address is judged here at once. */
export function targetRefusal(
  { protocol, hostname, port }: EgressTarget,
  policy: EgressPolicy,
): EgressRefusal | undefined {
  const defaultPort = defaultPorts[protocol];
  if (defaultPort === undefined) return 'scheme';
  if (protocol === 'http:' && !policy.isPlainHttpOpen) return 'scheme';
  if (policy.portsRefused.has(port === '' ? defaultPort : Number(port))) return 'port';
  const host = hostOf(hostname);
  if (isHostAllowed(host, policy)) return undefined;
  if (isIP(host) !== 0) return isAddressOpen(host, policy) ? undefined : 'address';
  return isLocalName(host) && !policy.isInternalOpen ? 'address' : undefined;
}

/** Whether an address that a name has resolved to may be connected to. */
export function isAddressOpen(address: string, policy: EgressPolicy): boolean {
  const kind = addressKind(address);
  if (kind === 'public' || (kind === 'internal' && policy.isInternalOpen)) return true;
  return isWithin(address, policy.rangesAllowed);
}

export function isHostAllowed(hostname: string, policy: EgressPolicy): boolean {
  return policy.hostsAllowed.has(hostOf(hostname));
}

/** Without an IPv6 address's brackets and a name's last dot. */
function hostOf(hostname: string): string {
  return hostname
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}

/** By RFC 6761 these are loopback, whatever a resolver says. */
function isLocalName(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost');
}
