import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/**
 * What may be behind an address:
 *
 * - `public`: a host of the internet
 * - `internal`: a machine of one's own (loopback, private, shared and unique local ranges)
 * - `special`: nothing that serves anybody (link-local, where clouds keep their metadata services; multicast,
 *   unspecified, reserved, documentation, benchmarks, transition mechanisms), or no address at all
 */
export type AddressKind = 'public' | 'internal' | 'special';

/** A host of its own, or a network and the length of its prefix. */
export type AddressRange = Readonly<{ base: Address; prefixLength: number }>;

type Address = ipaddr.IPv4 | ipaddr.IPv6;

const internalRanges: ReadonlySet<string> = new Set([
  'loopback',
  'private',
  'carrierGradeNat',
  'uniqueLocal',
]);

/** All that is handed out to hosts of the internet in IPv6; whatever else there is has another purpose. */
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3');
/** Stands for the whole of IPv4 where only IPv6 is spoken: behind it lies the IPv4 address in its last 32 bits. */
const translated = ipaddr.IPv6.parseCIDR('64:ff9b::/96');

/** Judges an address as a resolver writes it, or as it stands in a URL without brackets. */
export function addressKind(text: string): AddressKind {
  const address = parseAddress(text);
  if (!address) return 'special';
  const range = address.range();
  if (internalRanges.has(range)) return 'internal';
  if (range !== 'unicast') return 'special';
  return address.kind() === 'ipv4' || address.match(globalUnicast) ? 'public' : 'special';
}

/** Undefined where the text is neither an address nor a network in CIDR form, in the usual spelling. */
export function parseRange(text: string): AddressRange | undefined {
  if (isIP(text.split('/')[0] ?? '') === 0) return undefined;
  if (ipaddr.isValidCIDR(text)) {
    const [base, prefixLength] = ipaddr.parseCIDR(text);
    return { base, prefixLength };
  }
  const base = parseAddress(text);
  return base && { base, prefixLength: base.kind() === 'ipv4' ? 32 : 128 };
}

/** An IPv4 address that is written as IPv6 is the same one; so is one that is reached through a translator. */
export function isWithin(text: string, ranges: readonly AddressRange[]): boolean {
  const address = parseAddress(text);
  return (
    address !== undefined &&
    ranges.some(
      ({ base, prefixLength }) =>
        base.kind() === address.kind() && address.match(base, prefixLength),
    )
  );
}

/** The address that is meant in the end: one that only wraps an IPv4 address is that. */
function parseAddress(text: string): Address | undefined {
  if (!ipaddr.isValid(text)) return undefined;
  const address = ipaddr.process(text);
  if (address.kind() === 'ipv4' || !address.match(translated)) return address;
  return new ipaddr.IPv4(address.toByteArray().slice(12));
}
