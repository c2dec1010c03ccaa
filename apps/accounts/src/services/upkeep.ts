import { Injectable } from '@nestjs/common';
import { inRounds } from './in-rounds.js';
import { LedgerEvents } from './ledger-events.js';
import { LedgerReader, LedgerStore } from './ledger-store.js';

/** Transactions folded in one statement: a second's worth on a busy day. */
const foldMax = 1_000;

/** What the ledger needs every now and then so that it stays quick to read, and is known to be right. */
@Injectable()
export class Upkeep {
  constructor(
    private readonly ledger: LedgerStore,
    private readonly reader: LedgerReader,
    private readonly events: LedgerEvents,
  ) {}

  /** Adds what has moved to the sums that are kept. */
  async fold(): Promise<void> {
    await inRounds(foldMax, (limit) => this.ledger.fold(limit));
  }

  /** Lets the ledger contradict itself, where it does. */
  async check(): Promise<void> {
    this.events.checked(await this.reader.violations());
  }
}
