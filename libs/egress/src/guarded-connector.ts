import type { LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import { type AddressLookup, serverLookup, systemLookup } from './address-lookup.js';
import { type EgressPolicy, isAddressOpen, isHostAllowed, targetRefusal } from './egress-policy.js';
import { EgressRefused } from './egress-refused.js';
import type { EgressPolicies } from './egress-settings.js';

export type GuardedConnectorOptions = Readonly<{
  policy: EgressPolicy;
  /** To an open connection, TLS included. */
  connectTimeoutMs: number;
  /** In place of the name servers. */
  lookup?: AddressLookup;
}>;

/**
 * Opens connections for undici, to nobody but whom the policy lets through; rejects with `EgressRefused` otherwise. A
 * name is resolved once, and the addresses that are judged are those that are connected to: a name that has another
 * address a moment later leads nowhere. Where one of several is refused all are.
 */
export function guardedConnector(options: GuardedConnectorOptions): buildConnector.connector {
  const { policy, connectTimeoutMs } = options;
  const connect = buildConnector({
    timeout: connectTimeoutMs,
    allowH2: false,
    lookup: guardedLookup(policy, options.lookup ?? lookupFor(options)),
  });
  return (target, callback) => {
    // Node looks up no address that is one already: such a target is judged here or nowhere.
    const refusal = targetRefusal(target, policy);
    if (refusal) callback(new EgressRefused(refusal, target.hostname), null);
    else connect(target, callback);
  };
}

/** For connections that no agent keeps, apart by who has said where they lead to. */
export type EgressConnectors = Readonly<Record<'operator' | 'others', buildConnector.connector>>;

export function egressConnectors(
  { operator, others }: EgressPolicies,
  connectTimeoutMs: number,
): EgressConnectors {
  return {
    operator: guardedConnector({ policy: operator, connectTimeoutMs }),
    others: guardedConnector({ policy: others, connectTimeoutMs }),
  };
}

/** Names that the operator knows are found as on this machine, the others' by asking the name servers. */
function lookupFor({ policy, connectTimeoutMs }: GuardedConnectorOptions): AddressLookup {
  if (policy.isInternalOpen) return systemLookup;
  const ofStrangers = serverLookup(connectTimeoutMs);
  return (hostname) =>
    isHostAllowed(hostname, policy) ? systemLookup(hostname) : ofStrangers(hostname);
}

function guardedLookup(policy: EgressPolicy, lookup: AddressLookup): LookupFunction {
  const open: AddressLookup = async (hostname) => {
    const addresses = await lookup(hostname);
    const isOpen =
      isHostAllowed(hostname, policy) ||
      addresses.every(({ address }) => isAddressOpen(address, policy));
    if (!isOpen) throw new EgressRefused('address', hostname);
    return addresses;
  };
  return (hostname, { all }, callback) => {
    open(hostname).then(
      (addresses) => {
        const [first] = addresses;
        if (!first) callback(new Error(`${hostname} has no address`), '');
        else if (all) callback(null, [...addresses]);
        else callback(null, first.address, first.family);
      },
      (error: Error) => callback(error, ''),
    );
  };
}
