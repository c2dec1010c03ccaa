import { requireOperator } from '@aisbf/access';
import type {
  EarningsBalance,
  ListPayouts,
  Payout,
  PayoutAccount,
  PayoutBatch,
  PayoutOutcome,
  Principal,
  PutPayoutAccount,
  RecordedPayoutOutcomes,
} from '@aisbf/contracts';
import { formatUsd, zeroNanos } from '@aisbf/money';
import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { type Actor, actedDeed } from '../domain/audit.js';
import { faults } from '../domain/faults.js';
import { isUndecided, type PayoutRecord, usdOf } from '../domain/payout.js';
import { Directory } from './directory.js';
import { PayoutBooks, PayoutStore } from './payout-store.js';
import { PayoutSchedule } from './payouts.js';

type Recorded = RecordedPayoutOutcomes['results'][number]['result'];

/** What owners may know of their payouts, and what operators may say of everybody's. */
@Injectable()
export class PayoutDesk {
  constructor(
    private readonly books: PayoutBooks,
    private readonly store: PayoutStore,
    private readonly directory: Directory,
    private readonly schedule: PayoutSchedule,
    private readonly clock: Clock,
  ) {}

  balance(principal: Principal): Promise<EarningsBalance> {
    return this.books.balance(principal);
  }

  async list(principal: Principal, query: ListPayouts): Promise<readonly Payout[]> {
    const isAboutAll = principal.role === 'operator' && query.username === undefined;
    const ownerId = isAboutAll
      ? undefined
      : await this.directory.ownerAskedFor(principal, query.username);
    return (await this.books.list({ ...query, ownerId })).map(payoutOf);
  }

  async payout({ role, ownerId }: Principal, payoutId: string): Promise<Payout> {
    const payout = await this.store.find(payoutId);
    if (!payout || (payout.ownerId !== ownerId && role !== 'operator'))
      throw faults.PAYOUT_MISSING();
    return payoutOf(payout);
  }

  async putAccount(
    actor: Actor,
    username: string,
    request: PutPayoutAccount,
  ): Promise<PayoutAccount> {
    requireOperator(actor.principal);
    const { ownerId } = await this.directory.requireOwner(username);
    const deed = actedDeed(actor, {
      action: 'payout-account.put',
      subject: username,
      detail: request,
    });
    const notes = [{ when: ['put'], deed }];
    await this.books.putAccount(ownerId, { ...request, isReady: true }, notes);
    return this.books.account(ownerId);
  }

  async createBatch(actor: Actor, batchId: string): Promise<PayoutBatch> {
    requireOperator(actor.principal);
    const deed = actedDeed(actor, { action: 'payout-batch.create', subject: batchId, detail: {} });
    const { createdAt, payouts, amount } = await this.books.fillBatch(batchId, {
      when: ['made'],
      deed,
    });
    return {
      ...{ batchId, createdAt: createdAt.toISOString(), payouts, amount: amount.toString() },
      file: `/api/account/payout-batches/${batchId}`,
    };
  }

  /** One line a payout, for a bank or for whoever types them in. */
  async batch(principal: Principal, batchId: string): Promise<AsyncIterable<BatchLine>> {
    requireOperator(principal);
    const payouts = await this.books.batch(batchId);
    if (!payouts) throw faults.PAYOUT_BATCH_MISSING();
    return batchLines(payouts);
  }

  async record(actor: Actor, outcomes: readonly PayoutOutcome[]): Promise<RecordedPayoutOutcomes> {
    requireOperator(actor.principal);
    const results = [];
    for (const outcome of outcomes) {
      results.push({ payoutId: outcome.payoutId, result: await this.recordOne(actor, outcome) });
    }
    return { results };
  }

  private async recordOne(actor: Actor, said: PayoutOutcome): Promise<Recorded> {
    const payout = await this.store.find(said.payoutId);
    if (!payout) return 'missing';
    if (isUndecided(payout, this.schedule.times, this.clock.nowMs())) return 'undecided';
    const { outcome, reference = null, reason = null } = said;
    const detail = { outcome, reference, reason };
    const deed = actedDeed(actor, { action: 'payout.outcome', subject: payout.id, detail });
    const ending = {
      outcome: outcome === 'failed' ? ('failed' as const) : ('paid' as const),
      reversed: outcome === 'reversed' ? payout.amount : zeroNanos,
      ...{ providerRef: reference, reason, dueMs: null },
    };
    return this.store.book(payout.id, ending, [{ when: ['booked'], deed }]);
  }
}

export type BatchLine = Readonly<{
  payout_id: string;
  username: string;
  destination: string;
  amount: string;
  currency: 'USD';
}>;

async function* batchLines(payouts: AsyncIterable<PayoutRecord>): AsyncGenerator<BatchLine> {
  for await (const { id, username, destination, amount } of payouts) {
    yield { payout_id: id, username, destination, amount: usdOf(amount), currency: 'USD' };
  }
}

function payoutOf(record: PayoutRecord): Payout {
  const { id, username, amount, provider, state, reversed, providerRef, reason, batchId } = record;
  return {
    ...{ id, username, amount: amount.toString(), amountUsd: formatUsd(amount), provider, state },
    ...{ reversed: reversed.toString(), providerRef, reason, batchId },
    createdAt: record.createdAt.toISOString(),
    submittedAt: record.submittedAt?.toISOString() ?? null,
    resolvedAt: record.resolvedAt?.toISOString() ?? null,
  };
}
