import { BlockList, isIP } from 'node:net';
import type { Principal } from '@aisbf/contracts';

/** By family: the built-in list would find every IPv4 address in an IPv6 network that is wide enough. */
type Ranges = Readonly<Record<4 | 6, BlockList>>;

const compiled = new WeakMap<readonly string[], Ranges>();

/** Whether an address lies in one of these ranges. An IPv4 address that is written as IPv6 is the same one. */
export function isAddressIn(address: string, ranges: readonly string[]): boolean {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  const family = isIP(plain);
  if (family !== 4 && family !== 6) return false;
  return compile(ranges)[family].check(plain, nameOf(family));
}

/** A token without a list may come from anywhere; one with a list from nowhere that is not known. */
export function isAddressAllowed({ rules }: Principal, address: string | null): boolean {
  if (!rules || rules.addresses.length === 0) return true;
  return address !== null && isAddressIn(address, rules.addresses);
}

function compile(ranges: readonly string[]): Ranges {
  const known = compiled.get(ranges);
  if (known) return known;
  const lists: Ranges = { 4: new BlockList(), 6: new BlockList() };
  for (const range of ranges) {
    const [base = '', prefix] = range.split('/');
    const family = isIP(base) === 6 ? 6 : 4;
    if (prefix === undefined) lists[family].addAddress(base, nameOf(family));
    else lists[family].addSubnet(base, Number(prefix), nameOf(family));
  }
  compiled.set(ranges, lists);
  return lists;
}

function nameOf(family: 4 | 6): 'ipv4' | 'ipv6' {
  return family === 4 ? 'ipv4' : 'ipv6';
}
