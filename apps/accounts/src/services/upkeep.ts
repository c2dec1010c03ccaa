import { Injectable } from '@nestjs/common';
import { inRounds } from './in-rounds.js';
import { LedgerStore } from './ledger-store.js';

/** Transactions folded in one statement: a second's worth on a busy day. */
const foldMax = 1_000;

/** What the ledger needs every now and then so that it stays quick to read. */
@Injectable()
export class Upkeep {
  constructor(private readonly ledger: LedgerStore) {}

  /** Adds what has moved to the sums that are kept. */
  async fold(): Promise<void> {
    await inRounds(foldMax, (limit) => this.ledger.fold(limit));
  }
}
