import type { Withdrawn } from '@aisbf/contracts';
import { Log, Metrics } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import type { Finding } from '../domain/reconciliation.js';
import {
  LedgerEvents,
  type PaymentToldEvent,
  type SettledEvent,
} from '../services/ledger-events.js';

/** Each event as a log line and a counter, in one place. */
@Injectable()
export class CountedLedgerEvents extends LedgerEvents {
  private readonly settlements;
  private readonly overruns;
  private readonly withdrawals;
  private readonly reapedHolds;
  private readonly paymentEvents;
  private readonly paymentEventsWaiting;
  private readonly paymentEventsRefused;
  private readonly violationCount;
  private readonly failures;

  constructor(
    metrics: Metrics,
    private readonly log: Log,
  ) {
    super();
    this.settlements = metrics.counter('settlements_total', 'Settlements by result and outcome.', [
      'result',
      'outcome',
    ]);
    this.overruns = metrics.counter('overruns_total', 'Requests that cost more than was held.');
    this.withdrawals = metrics.counter(
      'withdrawals_total',
      'Requests taken back because their admission was lost, by what became of them.',
      ['result'],
    );
    this.reapedHolds = metrics.counter(
      'reaped_total',
      'Holds and leases taken back after they expired.',
      ['what'],
    );
    this.paymentEvents = metrics.counter(
      'payment_events_total',
      'What payment providers told, by what became of it.',
      ['result'],
    );
    this.paymentEventsWaiting = metrics.gauge(
      'payment_events_waiting',
      'Events of payments that are not known yet.',
    );
    this.paymentEventsRefused = metrics.gauge(
      'payment_events_refused',
      'Events that a person must look at.',
    );
    this.violationCount = metrics.gauge(
      'ledger_violations',
      'What contradicts what, by the last reconciliation of each kind.',
    );
    this.failures = metrics.counter('background_failures_total', 'Failed background work.', [
      'what',
    ]);
  }

  settled({ requestId, result, charged, charge }: SettledEvent): void {
    this.settlements.inc({ result, outcome: charge.outcome });
    this.log.debug({ requestId, result, charged: charged.toString() }, 'request settled');
    if (result === 'fenced')
      this.log.error({ requestId }, 'a settlement came after its hold was taken back');
    if (result === 'settled' && charge.cost > charged) {
      this.overruns.inc();
      this.log.error(
        { requestId, overrun: (charge.cost - charged).toString() },
        'a request cost more than was held',
      );
    }
  }

  withdrawn({ requestId, result }: Withdrawn): void {
    this.withdrawals.inc({ result });
    this.log.info({ requestId, result }, 'request withdrawn');
  }

  reaped(what: 'holds' | 'leases', ids: readonly string[]): void {
    this.reapedHolds.inc({ what }, ids.length);
    this.log.warn({ what, ids }, 'taken back after their expiry');
  }

  paymentTold({ provider, id, type, result }: PaymentToldEvent): void {
    this.paymentEvents.inc({ result });
    if (result === 'refused') {
      this.log.error(
        { provider, id, type },
        'a payment event cannot be booked: somebody must look',
      );
    } else {
      this.log.info({ provider, id, type, result }, 'payment event taken');
    }
  }

  paymentsLeft({ waiting, refused }: Readonly<{ waiting: number; refused: number }>): void {
    this.paymentEventsWaiting.set(waiting);
    this.paymentEventsRefused.set(refused);
  }

  checked(violations: readonly Finding[]): void {
    this.violationCount.set(violations.length);
    if (violations.length > 0) this.log.error({ violations }, 'the ledger contradicts itself');
  }

  failed(what: string, error: unknown): void {
    this.failures.inc({ what });
    this.log.warn({ what, error }, 'background work failed and will be tried again');
  }
}
