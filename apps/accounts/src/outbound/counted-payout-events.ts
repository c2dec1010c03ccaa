import { Log, Metrics } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import type { PayoutRecord } from '../domain/payout.js';
import { PayoutEvents } from '../services/payout-events.js';

/** Each event as a log line and a counter, in one place. */
@Injectable()
export class CountedPayoutEvents extends PayoutEvents {
  private readonly payouts;

  constructor(
    metrics: Metrics,
    private readonly log: Log,
  ) {
    super();
    this.payouts = metrics.counter('payouts_total', 'What happened to payouts.', ['event']);
  }

  prepared(payoutId: string, ownerId: string): void {
    this.payouts.inc({ event: 'prepared' });
    this.log.info({ payoutId, ownerId }, 'payout prepared');
  }

  booked({ id: payoutId, amount }: PayoutRecord, state: 'paid' | 'failed' | 'reversed'): void {
    this.payouts.inc({ event: state });
    this.log.info({ payoutId, state, amount: amount.toString() }, 'payout ended');
  }

  unknown({ id: payoutId }: PayoutRecord, error: unknown): void {
    this.payouts.inc({ event: 'unknown' });
    this.log.warn({ payoutId, error }, 'what became of a payout is not known yet');
  }

  stuck({ id: payoutId, provider }: PayoutRecord): void {
    this.payouts.inc({ event: 'stuck' });
    this.log.error({ payoutId, provider }, 'a payout is lost: a person must say what became of it');
  }

  contradicted({ id: payoutId, state }: PayoutRecord, outcome: string): void {
    this.payouts.inc({ event: 'contradicted' });
    this.log.error({ payoutId, state, outcome }, 'a payout ended otherwise than its provider says');
  }

  failed(what: string, error: unknown): void {
    this.payouts.inc({ event: 'work_failed' });
    this.log.warn({ what, error }, 'work on payouts failed and will be tried again');
  }
}
