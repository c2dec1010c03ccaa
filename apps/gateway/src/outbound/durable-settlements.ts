import { setTimeout as delay } from 'node:timers/promises';
import {
  type GetReceipt,
  internalPaths,
  type QueuedReport,
  Receipt,
  type Settle,
  subjects,
  type Withdraw,
  Withdrawn,
} from '@aisbf/contracts';
import { Fault } from '@aisbf/faults';
import type { InternalClient, Log, Metrics, NatsBus } from '@aisbf/platform';
import type { OnApplicationShutdown } from '@nestjs/common';
import { Settlements } from '../services/settlements.js';
import { SettleCalls, type SettleCallsLimits } from './settle-calls.js';

export type DurableSettlementsParts = Readonly<{
  accounts: InternalClient;
  bus: NatsBus;
  log: Log;
  metrics: Metrics;
  retryMs: number;
  withdrawMsMax: number;
  withdrawalsMax: number;
  calls: SettleCallsLimits;
}>;

const retryMsMax = 60_000;
/** After a hold has been taken back a report cannot charge any more: it is for the record only. */
const uselessAfterExpiryMs = 120_000;

/**
 * Delivers each report once or more: straight to accounts, many in one call, and where that fails into a durable
 * stream that accounts reads. Accounts counts the first and drops the rest.
 */
export class DurableSettlements extends Settlements implements OnApplicationShutdown {
  private readonly pending = {
    settle: new Set<Promise<void>>(),
    withdraw: new Set<Promise<void>>(),
  };
  private readonly calls: SettleCalls;
  private readonly counters;

  constructor(private readonly parts: DurableSettlementsParts) {
    super();
    const { metrics } = parts;
    this.calls = new SettleCalls(parts.accounts, parts.calls);
    this.counters = {
      settle: metrics.counter('settlements_total', 'Settlements by the way they went.', ['way']),
      withdraw: metrics.counter('withdrawals_total', 'Lost admissions by the way they went.', [
        'way',
      ]),
    };
    metrics.gauge(
      'settlements_pending',
      'Settlements not delivered yet.',
      () => this.pending.settle.size,
    );
    metrics.gauge(
      'withdrawals_pending',
      'Lost admissions that accounts do not know of yet.',
      () => this.pending.withdraw.size,
    );
  }

  report(settlement: Settle, holdExpiresAtMs: number): void {
    this.begin(settlement, holdExpiresAtMs + uselessAfterExpiryMs);
  }

  async settleNow(settlement: Settle): Promise<void> {
    await this.calls.settle(settlement);
  }

  withdraw(requestId: string): void {
    const report = { type: 'withdraw', requestId } as const;
    if (this.pending.withdraw.size >= this.parts.withdrawalsMax) this.giveUp(report);
    else this.begin(report, Date.now() + this.parts.withdrawMsMax);
  }

  receipt(question: Omit<GetReceipt, 'type'>): Promise<Receipt> {
    const request: GetReceipt = { type: 'get-receipt', ...question };
    const { accountsReceipt } = internalPaths;
    return this.parts.accounts.post(accountsReceipt, request, Receipt, question.requestId);
  }

  /** The last requests have ended by now; their reports still have to arrive. */
  async onApplicationShutdown(): Promise<void> {
    const { settle, withdraw } = this.pending;
    while (settle.size + withdraw.size > 0) await Promise.all([...settle, ...withdraw]);
    await this.parts.accounts.close();
  }

  private begin(report: QueuedReport, giveUpAtMs: number): void {
    const pending = this.pending[report.type];
    const delivery = this.deliver(report, giveUpAtMs).finally(() => {
      pending.delete(delivery);
    });
    pending.add(delivery);
  }

  private async deliver(report: QueuedReport, giveUpAtMs: number): Promise<void> {
    for (let waitMs = this.parts.retryMs; ; waitMs = Math.min(waitMs * 2, retryMsMax)) {
      const way = (await this.direct(report)) ?? (await this.queued(report));
      if (way) return this.counters[report.type].inc({ way });
      if (Date.now() + waitMs > giveUpAtMs) break;
      await delay(waitMs * (0.5 + Math.random()));
    }
    this.giveUp(report);
  }

  /** A lost settlement is somebody's money; a lost withdrawal only leaves its hold to expire. */
  private giveUp(report: QueuedReport): void {
    const { log } = this.parts;
    this.counters[report.type].inc({ way: 'lost' });
    if (report.type === 'withdraw') log.warn({ report }, 'a withdrawal could not be delivered');
    else log.error({ report }, 'a settlement could not be delivered before its hold expired');
  }

  private async direct(report: QueuedReport): Promise<'direct' | 'refused' | undefined> {
    const { log } = this.parts;
    const { requestId, type } = report;
    try {
      if (report.type === 'settle') await this.calls.settle(report);
      else await this.withdrawDirectly(report);
      return 'direct';
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (error.kind === 'unavailable') return undefined;
      log.error({ requestId, type, error }, 'accounts refused a report');
      return 'refused';
    }
  }

  private async withdrawDirectly(report: Withdraw): Promise<void> {
    const path = internalPaths.accountsWithdraw;
    await this.parts.accounts.post(path, report, Withdrawn, report.requestId);
  }

  private async queued(report: QueuedReport): Promise<'queued' | undefined> {
    const { bus, log } = this.parts;
    const { requestId, type } = report;
    try {
      await bus.jetStream().publish(subjects.settle, JSON.stringify(report), {
        msgID: `${type}:${requestId}`,
      });
      return 'queued';
    } catch (error) {
      log.warn({ requestId, type, error }, 'neither accounts nor the stream took a report');
      return undefined;
    }
  }
}
