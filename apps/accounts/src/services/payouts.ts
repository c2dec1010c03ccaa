import { randomUUID } from 'node:crypto';
import type { PayoutRun } from '@aisbf/contracts';
import { type Nanos, zeroNanos } from '@aisbf/money';
import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { type Actor, actedDeed, type Note } from '../domain/audit.js';
import {
  lookAfterMs,
  type PayoutRecord,
  type PayoutTimes,
  watchAfterMs,
} from '../domain/payout.js';
import { PayoutEvents } from './payout-events.js';
import { type PayoutAnswer, type PayoutOrder, PayoutProviders } from './payout-provider.js';
import { type Payee, PayoutStore } from './payout-store.js';

/** When payouts are looked after. Also the DI token. */
export class PayoutSchedule {
  constructor(readonly times: PayoutTimes) {}
}

const pageMax = 500;
/** How much longer than the provider may take another process waits before it looks: its answer is still to be booked. */
const bookingMs = 10_000;

/**
 * Pays sellers. Each step is in the ledger before the next one begins, so that whoever comes after a crash knows
 * what may have been done: money is set aside, then the payout is marked as asked for, then the provider is asked,
 * then the answer is booked. No connection to the database is held meanwhile.
 */
@Injectable()
export class Payouts {
  constructor(
    private readonly store: PayoutStore,
    private readonly providers: PayoutProviders,
    private readonly events: PayoutEvents,
    private readonly schedule: PayoutSchedule,
    private readonly clock: Clock,
  ) {}

  /** Sets aside what can be paid out of everybody's earnings, or only says what that is. Without an actor, by the clock. */
  async prepareAll(isDryRun: boolean, actor?: Actor): Promise<PayoutRun> {
    const payouts: PayoutRun['payouts'] = [];
    let total: bigint = zeroNanos;
    for await (const payee of this.payees()) {
      const payoutId = isDryRun ? null : randomUUID();
      const amount =
        payoutId === null ? payee.payable : await this.prepare(payoutId, payee.ownerId, actor);
      if (amount === undefined) continue;
      payouts.push({ username: payee.username, amount: amount.toString(), payoutId });
      total += amount;
    }
    return { isDryRun, payouts, amount: total.toString() };
  }

  /** What is to be looked after now. */
  due(limit: number): Promise<readonly PayoutRecord[]> {
    return this.store.due(limit);
  }

  /** Takes a payout as far as it will go. Any number of processes may, also at once. */
  async advance(payoutId: string): Promise<void> {
    const payout = await this.store.find(payoutId);
    if (!payout?.isDue) return;
    if (payout.state === 'prepared') await this.send(payout);
    else await this.look(payout);
  }

  private async prepare(
    payoutId: string,
    ownerId: string,
    actor: Actor | undefined,
  ): Promise<Nanos | undefined> {
    const notes = actor ? [preparedBy(actor, payoutId)] : [];
    const amount = await this.store.prepare(payoutId, ownerId, notes);
    if (amount !== undefined) this.events.prepared(payoutId, ownerId);
    return amount;
  }

  private async send(payout: PayoutRecord): Promise<boolean> {
    const dueMs = this.schedule.times.answerMsMax + bookingMs;
    const claimed = await this.store.claim(payout, dueMs);
    if (!claimed) return false;
    const answer = await this.providers.of(claimed.provider).submit(orderOf(claimed));
    await this.conclude(claimed, answer);
    return true;
  }

  private async look(payout: PayoutRecord): Promise<void> {
    const answer = await this.providers.of(payout.provider).look(orderOf(payout));
    const isLost = answer.state === 'absent' && payout.state === 'submitted';
    if (isLost && (await this.send(payout))) return;
    if (isLost) this.events.stuck(payout);
    await this.conclude(payout, answer);
    const pauseMs =
      payout.state === 'paid'
        ? watchAfterMs(payout, this.schedule.times, this.clock.nowMs())
        : lookAfterMs(payout.looks);
    await this.store.postpone(payout, pauseMs);
  }

  private async conclude(payout: PayoutRecord, answer: PayoutAnswer): Promise<void> {
    if (answer.state === 'unknown') this.events.unknown(payout, answer.error);
    if (answer.state !== 'paid' && answer.state !== 'failed') return;
    const isPaid = answer.state === 'paid';
    const reversed = isPaid ? answer.reversed : zeroNanos;
    const booked = await this.store.book(payout.id, {
      outcome: answer.state,
      reversed,
      providerRef: isPaid ? answer.providerRef : null,
      reason: isPaid ? null : answer.reason,
      dueMs: watchAfterMs(payout, this.schedule.times, this.clock.nowMs()),
    });
    if (booked === 'contradicts') this.events.contradicted(payout, answer.state);
    if (booked === 'booked') this.events.booked(payout, reversed > 0n ? 'reversed' : answer.state);
  }

  private async *payees(): AsyncGenerator<Payee> {
    let behind: string | null = null;
    for (let count = pageMax; count === pageMax; ) {
      const page: readonly Payee[] = await this.store.payees(behind, pageMax);
      yield* page;
      count = page.length;
      behind = page.at(-1)?.ownerId ?? behind;
    }
  }
}

function preparedBy(actor: Actor, payoutId: string): Note {
  const deed = actedDeed(actor, { action: 'payout.prepare', subject: payoutId, detail: {} });
  return { when: ['prepared'], deed };
}

function orderOf({ id, destination, amount }: PayoutRecord): PayoutOrder {
  return { payoutId: id, destination, amount };
}
