import { Agent } from 'undici';
import type { AddressLookup } from './address-lookup.js';
import type { EgressPolicy } from './egress-policy.js';
import type { EgressPolicies } from './egress-settings.js';
import { guardedConnector } from './guarded-connector.js';

/** Who has said where a call leads to: one of our own services, the operator, or anybody else. */
export type EgressWay = 'inside' | 'operator' | 'others';

export type EgressAgentsOptions = Readonly<{
  connectTimeoutMs: number;
  egress: EgressPolicies;
  /** How connections are kept. */
  kept: Readonly<{ connections?: number; keepAliveTimeout?: number }>;
  /** How names are resolved, in place of the usual ways. */
  lookup?: AddressLookup;
}>;

/**
 * Kept connections, apart by who has said where they lead to: one that was opened for the operator, who may call more,
 * never serves a stranger who names the same address.
 */
export class EgressAgents {
  private readonly agents: Readonly<Record<EgressWay, Agent>>;

  constructor(options: EgressAgentsOptions) {
    const { connectTimeoutMs, egress, lookup } = options;
    const kept = { ...options.kept, pipelining: 1, allowH2: false } as const;
    const guarded = (policy: EgressPolicy) =>
      new Agent({
        ...kept,
        connect: guardedConnector({ policy, connectTimeoutMs, ...(lookup && { lookup }) }),
      });
    this.agents = {
      inside: new Agent({ ...kept, connectTimeout: connectTimeoutMs }),
      operator: guarded(egress.operator),
      others: guarded(egress.others),
    };
  }

  for(way: EgressWay): Agent {
    return this.agents[way];
  }

  async close(): Promise<void> {
    await Promise.all(Object.values(this.agents).map((agent) => agent.close()));
  }

  /** At once, whatever is under way. */
  async destroy(): Promise<void> {
    await Promise.all(Object.values(this.agents).map((agent) => agent.destroy()));
  }
}
