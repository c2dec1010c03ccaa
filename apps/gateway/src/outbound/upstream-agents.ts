import type { Candidate } from '@aisbf/contracts';
import {
  type AddressLookup,
  type EgressPolicies,
  type EgressPolicy,
  guardedConnector,
} from '@aisbf/egress';
import { Agent } from 'undici';

export type UpstreamAgentsOptions = Readonly<{
  connectionsMax: number;
  connectTimeoutMs: number;
  egress: EgressPolicies;
  /** How names are resolved, in place of the usual ways. */
  lookup?: AddressLookup;
}>;

/**
 * Kept connections, apart by who has said where they lead to: one that was opened for the operator, who may call more,
 * never serves a stranger who names the same address.
 */
export class UpstreamAgents {
  private readonly brokers: Agent;
  private readonly operator: Agent;
  private readonly others: Agent;

  constructor(options: UpstreamAgentsOptions) {
    const { connectTimeoutMs, connectionsMax: connections, egress, lookup } = options;
    const kept = { connections, pipelining: 1, allowH2: false } as const;
    const guarded = (policy: EgressPolicy) =>
      new Agent({
        ...kept,
        connect: guardedConnector({ policy, connectTimeoutMs, ...(lookup && { lookup }) }),
      });
    this.brokers = new Agent({ ...kept, connectTimeout: connectTimeoutMs });
    this.operator = guarded(egress.operator);
    this.others = guarded(egress.others);
  }

  /** Brokers are our own, and lie inside. */
  for(candidate: Candidate): Agent {
    if (candidate.kind === 'session') return this.brokers;
    return candidate.isOfOperator === true ? this.operator : this.others;
  }

  async close(): Promise<void> {
    await Promise.all([this.brokers, this.operator, this.others].map((agent) => agent.close()));
  }
}
