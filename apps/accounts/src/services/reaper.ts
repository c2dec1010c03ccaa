import { Injectable } from '@nestjs/common';
import { inRounds } from './in-rounds.js';
import { LeaseStore } from './lease-store.js';
import { LedgerEvents } from './ledger-events.js';
import { LedgerStore } from './ledger-store.js';

/** Holds taken back in one transaction: small, since it locks their wallets. */
const batchMax = 100;

/** Ends the holds and leases that nobody settled or closed: every hold ends by itself. */
@Injectable()
export class Reaper {
  constructor(
    private readonly ledger: LedgerStore,
    private readonly leases: LeaseStore,
    private readonly events: LedgerEvents,
  ) {}

  async reap(): Promise<number> {
    const holds = await all((limit) => this.ledger.reapExpired(limit));
    if (holds.length > 0) this.events.reaped('holds', holds);
    const leases = await all((limit) => this.leases.reapExpired(limit));
    if (leases.length > 0) this.events.reaped('leases', leases);
    return holds.length + leases.length;
  }
}

async function all(reap: (limit: number) => Promise<readonly string[]>): Promise<string[]> {
  const ids: string[] = [];
  await inRounds(batchMax, async (limit) => {
    const some = await reap(limit);
    ids.push(...some);
    return some.length;
  });
  return ids;
}
