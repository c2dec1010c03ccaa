import { setTimeout as delay } from 'node:timers/promises';
import {
  type GetReceipt,
  internalPaths,
  Receipt,
  type Settle,
  Settled,
  subjects,
} from '@aisbf/contracts';
import { Fault } from '@aisbf/faults';
import type { InternalClient, Log, Metrics, NatsBus } from '@aisbf/platform';
import type { OnApplicationShutdown } from '@nestjs/common';
import { Settlements } from '../services/settlements.js';

export type DurableSettlementsParts = Readonly<{
  accounts: InternalClient;
  bus: NatsBus;
  log: Log;
  metrics: Metrics;
  retryMs: number;
}>;

const retryMsMax = 60_000;
/** After a hold has been taken back a report cannot charge any more: it is for the record only. */
const uselessAfterExpiryMs = 120_000;

/**
 * Delivers each report once or more: straight to accounts, and where that fails into a durable stream that
 * accounts reads. Accounts counts the first and drops the rest.
 */
export class DurableSettlements extends Settlements implements OnApplicationShutdown {
  private readonly pending = new Set<Promise<void>>();
  private readonly reports;

  constructor(private readonly parts: DurableSettlementsParts) {
    super();
    this.reports = parts.metrics.counter('settlements_total', 'Reports by the way they went.', [
      'way',
    ]);
    parts.metrics.gauge(
      'settlements_pending',
      'Reports not delivered yet.',
      () => this.pending.size,
    );
  }

  report(settlement: Settle, holdExpiresAtMs: number): void {
    const delivery = this.deliver(settlement, holdExpiresAtMs).finally(() => {
      this.pending.delete(delivery);
    });
    this.pending.add(delivery);
  }

  receipt(question: Omit<GetReceipt, 'type'>): Promise<Receipt> {
    const request: GetReceipt = { type: 'get-receipt', ...question };
    const { accountsReceipt } = internalPaths;
    return this.parts.accounts.post(accountsReceipt, request, Receipt, question.requestId);
  }

  /** The last requests have ended by now; their reports still have to arrive. */
  async onApplicationShutdown(): Promise<void> {
    while (this.pending.size > 0) await Promise.all(this.pending);
    await this.parts.accounts.close();
  }

  private async deliver(settlement: Settle, holdExpiresAtMs: number): Promise<void> {
    const giveUpAtMs = holdExpiresAtMs + uselessAfterExpiryMs;
    for (let waitMs = this.parts.retryMs; ; waitMs = Math.min(waitMs * 2, retryMsMax)) {
      const way = (await this.direct(settlement)) ?? (await this.queued(settlement));
      if (way) return this.reports.inc({ way });
      if (Date.now() + waitMs > giveUpAtMs) break;
      await delay(waitMs * (0.5 + Math.random()));
    }
    this.reports.inc({ way: 'lost' });
    this.parts.log.error(
      { settlement },
      'a settlement could not be delivered before its hold expired',
    );
  }

  private async direct(settlement: Settle): Promise<'direct' | 'refused' | undefined> {
    const { accounts, log } = this.parts;
    const { requestId } = settlement;
    try {
      await accounts.post(internalPaths.accountsSettle, settlement, Settled, requestId);
      return 'direct';
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (error.kind === 'unavailable') return undefined;
      log.error({ requestId, error }, 'accounts refused a settlement');
      return 'refused';
    }
  }

  private async queued(settlement: Settle): Promise<'queued' | undefined> {
    const { bus, log } = this.parts;
    try {
      await bus.jetStream().publish(subjects.settle, JSON.stringify(settlement), {
        msgID: `settle:${settlement.requestId}`,
      });
      return 'queued';
    } catch (error) {
      log.warn(
        { requestId: settlement.requestId, error },
        'neither accounts nor the stream took a settlement',
      );
      return undefined;
    }
  }
}
