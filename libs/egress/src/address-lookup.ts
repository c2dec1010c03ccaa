import type { LookupAddress } from 'node:dns';
import { lookup, Resolver } from 'node:dns/promises';

/** All addresses of a name. Rejects where it has none. */
export type AddressLookup = (hostname: string) => Promise<readonly LookupAddress[]>;

/** As every program of this machine finds names, `/etc/hosts` among them. Occupies a thread until it is answered. */
export const systemLookup: AddressLookup = (hostname) => lookup(hostname, { all: true });

/**
 * Asks the name servers alone, without a thread: a stranger whose name server is slow must not hold up the few that
 * all look-ups and files of the process share. It knows nothing of `/etc/hosts` and of search domains either. Unless some
 * are named, the servers are those of this machine.
 */
export function serverLookup(timeoutMs: number, servers?: readonly string[]): AddressLookup {
  // A lost packet is sent once more while there is time.
  const resolver = new Resolver({ timeout: Math.ceil(timeoutMs / 3), tries: 2 });
  if (servers) resolver.setServers(servers);
  return async (hostname) => {
    const [four, six] = await Promise.allSettled([
      resolver.resolve4(hostname),
      resolver.resolve6(hostname),
    ]);
    const found = [...withFamily(four, 4), ...withFamily(six, 6)];
    if (found.length === 0 && four.status === 'rejected') throw four.reason;
    return found;
  };
}

function withFamily(
  result: PromiseSettledResult<readonly string[]>,
  family: 4 | 6,
): readonly LookupAddress[] {
  if (result.status === 'rejected') return [];
  return result.value.map((address) => ({ address, family }));
}
