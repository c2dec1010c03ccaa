import type { AutoTopUp, Principal, PutAutoTopUp } from '@aisbf/contracts';
import type { Nanos } from '@aisbf/money';
import { Injectable } from '@nestjs/common';
import { amountOf } from '../domain/amount.js';
import { type Actor, actedDeed, type Note } from '../domain/audit.js';
import { faults } from '../domain/faults.js';
import type { TopUpRecord } from '../domain/top-up.js';
import { askAll } from './ask-all.js';
import { PaymentEvents } from './payment-events.js';
import { PaymentProvider } from './payment-provider.js';
import { TopUpLimits, TopUpStore } from './top-ups.js';

export type AutoTopUpSettings = Readonly<{
  isEnabled: boolean;
  threshold: Nanos;
  amount: Nanos;
  monthlyMax: Nanos;
}>;

export type AutoTopUpRules = Readonly<{
  /** So many charges in a row may fail before it is switched off. */
  failuresMax: number;
  /** How long to wait after one that failed. */
  pauseMs: number;
  /** How long a charge may stay without an answer before it is asked for again. */
  answerMsMax: number;
}>;

/** Owners whose wallets fill themselves. */
export abstract class AutoTopUpStore {
  abstract find(ownerId: string): Promise<AutoTopUp | undefined>;
  /** False where the owner has saved no means of payment with this provider. */
  abstract put(
    ownerId: string,
    provider: string,
    settings: AutoTopUpSettings,
    note: Note,
  ): Promise<boolean>;
  /** Begins a charge for each wallet below its threshold, one an owner; gives their ids. */
  abstract begin(
    provider: string,
    rules: AutoTopUpRules,
    limit: number,
  ): Promise<readonly string[]>;
  /** Charges without an answer; each is given to one who asks. */
  abstract unanswered(provider: string, pauseMs: number, limit: number): Promise<readonly string[]>;
}

/** Charges asked for at once: the provider takes a second or two for each. */
const chargesMax = 20;

export class AutoTopUpLimits {
  constructor(readonly rules: AutoTopUpRules) {}
}

/** Charges saved means of payment when wallets run low. Never on the path of a request. */
@Injectable()
export class AutoTopUps {
  constructor(
    private readonly store: AutoTopUpStore,
    private readonly topUps: TopUpStore,
    private readonly provider: PaymentProvider,
    private readonly events: PaymentEvents,
    private readonly limits: TopUpLimits,
    private readonly autoLimits: AutoTopUpLimits,
  ) {}

  async get({ ownerId }: Principal): Promise<AutoTopUp> {
    const found = await this.store.find(ownerId);
    if (!found) throw faults.AUTO_TOP_UP_MISSING();
    return found;
  }

  async put(actor: Actor, request: PutAutoTopUp): Promise<AutoTopUp> {
    const { principal } = actor;
    const settings = {
      isEnabled: request.isEnabled,
      threshold: amountOf(request.threshold),
      amount: this.limits.check(request.amount),
      monthlyMax: amountOf(request.monthlyMax),
    };
    if (settings.monthlyMax < settings.amount) throw faults.MONTHLY_MAX_TOO_LOW();
    const deed = actedDeed(actor, {
      action: 'auto-top-up.put',
      subject: principal.username,
      detail: request,
    });
    const note = { when: ['put'], deed };
    const isDone = await this.store.put(principal.ownerId, this.provider.name, settings, note);
    if (!isDone) throw faults.PAYMENT_METHOD_MISSING();
    return this.get(principal);
  }

  /** Begins what is due, and asks again for what has no answer. */
  async run(): Promise<void> {
    const { name } = this.provider;
    const { rules } = this.autoLimits;
    const stale = await this.store.unanswered(name, rules.answerMsMax, chargesMax);
    const fresh = await this.store.begin(name, rules, chargesMax);
    await askAll([
      ...stale.map((id) => this.charge(id, true)),
      ...fresh.map((id) => this.charge(id, false)),
    ]);
  }

  private async charge(id: string, isRepeat: boolean): Promise<void> {
    const topUp = await this.topUps.find(id);
    if (!topUp) throw new Error(`the charge ${id} was begun and is not there`);
    const notice = await this.provider.charge(savedChargeOf(topUp), isRepeat);
    if (notice) await this.events.take(this.provider.name, notice);
  }
}

function savedChargeOf({ id, amount, customerId, methodId }: TopUpRecord) {
  if (customerId === null || methodId === null) throw new Error(`the charge ${id} names no method`);
  return { topUpId: id, amount, customerId, methodId };
}
