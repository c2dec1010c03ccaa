import { requireOperator } from '@aisbf/access';
import type {
  Disputes,
  Principal,
  Refund,
  RefundRequest,
  RefundTopUp,
  RequestRefund,
} from '@aisbf/contracts';
import { type Nanos, parseNanos, toCents } from '@aisbf/money';
import { Injectable } from '@nestjs/common';
import { amountOf } from '../domain/amount.js';
import { type Actor, actedDeed, type Note } from '../domain/audit.js';
import { faults } from '../domain/faults.js';
import { askAll } from './ask-all.js';
import { PaymentEvents } from './payment-events.js';
import { PaymentProvider } from './payment-provider.js';

/** A refund with the payment that it goes back to. */
export type RefundRecord = Refund & Readonly<{ paymentId: string }>;

export type NewRefund = Readonly<{ id: string; topUpId: string; amount: Nanos; reason: string }>;

export type NewRequestRefund = Readonly<{
  id: string;
  requestId: string;
  /** All that is left where it is undefined. */
  amount: Nanos | undefined;
  reason: string;
}>;

export type BegunRefund =
  | 'submitted'
  | 'replay'
  | 'parameters_differ'
  | 'missing'
  | 'not_paid'
  | 'exceeds_paid'
  | 'exceeds_free';

export type RequestRefunded =
  | 'refunded'
  | 'replay'
  | 'parameters_differ'
  | 'missing'
  | 'exceeds_charge';

/** Money on its way back. */
export abstract class RefundStore {
  /** Takes the money out of the wallet. */
  abstract begin(refund: NewRefund, note: Note): Promise<BegunRefund>;
  abstract find(id: string): Promise<RefundRecord | undefined>;
  /** Refunds without an answer; each is given to one who asks. */
  abstract unanswered(provider: string, pauseMs: number, limit: number): Promise<readonly string[]>;
  abstract refundRequest(refund: NewRequestRefund, note: Note): Promise<RequestRefunded>;
  abstract findRequestRefund(id: string): Promise<RequestRefund | undefined>;
  abstract disputes(limit: number): Promise<Disputes['disputes']>;
}

const refundsMax = 20;

export class RefundLimits {
  /** How long a refund may stay without an answer before it is asked for again. */
  constructor(readonly answerMsMax: number) {}
}

/** Gives money back: to the card, or for a request. */
@Injectable()
export class Refunds {
  constructor(
    private readonly store: RefundStore,
    private readonly provider: PaymentProvider,
    private readonly events: PaymentEvents,
    private readonly limits: RefundLimits,
  ) {}

  /** The money leaves the wallet first, then the provider is asked: as often as it takes, under the same id. */
  async refundTopUp(actor: Actor, topUpId: string, request: RefundTopUp): Promise<Refund> {
    requireOperator(actor.principal);
    const { refundId: id, reason } = request;
    const amount = amountOf(request.amount);
    if (toCents(amount) === undefined) throw faults.AMOUNT_NOT_CENTS();
    const detail = { topUp: topUpId, amount: request.amount, reason };
    const deed = actedDeed(actor, { action: 'top-up.refund', subject: id, detail });
    refuse(await this.store.begin({ id, topUpId, amount, reason }, { when: ['submitted'], deed }));
    const begun = await this.required(id);
    if (begun.state === 'submitted') {
      try {
        await this.ask(begun, false);
      } catch (error) {
        // Whatever the provider made of it, the refund stands: it is asked for again until there is an answer.
        this.events.unanswered('refund', error);
      }
    }
    const { paymentId: _, ...refund } = await this.required(id);
    return refund;
  }

  /** Asks again for what has no answer. */
  async run(): Promise<void> {
    const ids = await this.store.unanswered(
      this.provider.name,
      this.limits.answerMsMax,
      refundsMax,
    );
    await askAll(ids.map(async (id) => this.ask(await this.required(id), true)));
  }

  async refundRequest(
    actor: Actor,
    requestId: string,
    request: RefundRequest,
  ): Promise<RequestRefund> {
    requireOperator(actor.principal);
    const { refundId: id, reason } = request;
    const amount = request.amount === undefined ? undefined : amountOf(request.amount);
    const detail = { request: requestId, amount: request.amount ?? null, reason };
    const deed = actedDeed(actor, { action: 'request.refund', subject: id, detail });
    const result = await this.store.refundRequest(
      { id, requestId, amount, reason },
      { when: ['refunded'], deed },
    );
    if (result === 'missing') throw faults.RECEIPT_MISSING();
    if (result === 'parameters_differ') throw faults.REFUND_PARAMETERS_DIFFER();
    if (result === 'exceeds_charge') throw faults.REFUND_EXCEEDS_CHARGE();
    const refund = await this.store.findRequestRefund(id);
    if (!refund) throw new Error(`the refund ${id} was made and is not there`);
    return refund;
  }

  async disputes(principal: Principal, limit: number): Promise<Disputes> {
    requireOperator(principal);
    return { disputes: [...(await this.store.disputes(limit))] };
  }

  private async ask({ id, paymentId, amount }: RefundRecord, isRepeat: boolean): Promise<void> {
    const refund = { refundId: id, paymentId, amount: parseNanos(amount) };
    await this.events.take(this.provider.name, await this.provider.refund(refund, isRepeat));
  }

  private async required(id: string): Promise<RefundRecord> {
    const refund = await this.store.find(id);
    if (!refund) throw new Error(`the refund ${id} was begun and is not there`);
    return refund;
  }
}

function refuse(result: BegunRefund): void {
  switch (result) {
    case 'submitted':
    case 'replay':
      return;
    case 'missing':
      throw faults.TOP_UP_MISSING();
    case 'parameters_differ':
      throw faults.REFUND_PARAMETERS_DIFFER();
    case 'not_paid':
      throw faults.TOP_UP_NOT_PAID();
    case 'exceeds_paid':
      throw faults.REFUND_EXCEEDS_PAID();
    case 'exceeds_free':
      throw faults.REFUND_EXCEEDS_FREE();
  }
}
