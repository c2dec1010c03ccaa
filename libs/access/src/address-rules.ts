import { BlockList, isIP } from 'node:net';
import type { Principal } from '@aisbf/contracts';

const listOf = new WeakMap<readonly string[], BlockList>();

/** Whether an address lies in one of these ranges. An IPv4 address that is written as IPv6 is the same one. */
export function isAddressIn(address: string, ranges: readonly string[]): boolean {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  const family = isIP(plain);
  if (family === 0) return false;
  return blockListOf(ranges).check(plain, family === 4 ? 'ipv4' : 'ipv6');
}

/** A token without a list may come from anywhere; one with a list from nowhere that is not known. */
export function isAddressAllowed({ rules }: Principal, address: string | null): boolean {
  if (!rules || rules.addresses.length === 0) return true;
  return address !== null && isAddressIn(address, rules.addresses);
}

function blockListOf(ranges: readonly string[]): BlockList {
  const known = listOf.get(ranges);
  if (known) return known;
  const list = new BlockList();
  for (const range of ranges) {
    const [base = '', prefix] = range.split('/');
    const family = isIP(base) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(base, family);
    else list.addSubnet(base, Number(prefix), family);
  }
  listOf.set(ranges, list);
  return list;
}
