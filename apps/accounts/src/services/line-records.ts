import type { LineOutcome, LinePlace, LineReport, Settle } from '@aisbf/contracts';
import { zeroNanos } from '@aisbf/money';
import { Injectable } from '@nestjs/common';
import { faults } from '../domain/faults.js';
import { BatchLineStore } from './batch-line-store.js';
import { LedgerEvents } from './ledger-events.js';
import type { Ending } from './ledger-store.js';
import { Settlement } from './settlement.js';

/** Ends lines of batches: the outcome of each and what it costs are kept together, or neither is. */
@Injectable()
export class LineRecords {
  constructor(
    private readonly lines: BatchLineStore,
    private readonly settlement: Settlement,
    private readonly events: LedgerEvents,
  ) {}

  async record(
    place: LinePlace,
    outcome: LineOutcome,
    { settlement, sealed }: LineReport,
  ): Promise<boolean> {
    const ending = settlement ? await this.endingOf(outcome, settlement) : undefined;
    // What was answered has run, and what has run had money held for it.
    if (!ending && outcome.result === 'output') throw faults.SETTLEMENT_INVALID();
    const { isRecorded, settled } = await this.lines.record(place, { ...outcome, sealed }, ending);
    if (ending && settled && settled.result !== 'missing' && settled.result !== 'declined') {
      const { result, charged } = settled;
      this.events.settled({ requestId: outcome.requestId, result, charged, charge: ending.charge });
    }
    return isRecorded;
  }

  /** Nobody pays for a line that was not answered. */
  private async endingOf({ requestId, result }: LineOutcome, settlement: Settle): Promise<Ending> {
    if (settlement.requestId !== requestId) throw faults.SETTLEMENT_INVALID();
    const ending = await this.settlement.endingOf(settlement);
    if (result === 'error' && ending.charge.cost > zeroNanos) throw faults.SETTLEMENT_INVALID();
    return ending;
  }
}
