import type { CreateTopUp, ListTopUps, Principal, TopUp } from '@aisbf/contracts';
import { formatUsd, fromCents, type Nanos, nanosMax, parseNanos, toCents } from '@aisbf/money';
import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { faults } from '../domain/faults.js';
import { type TopUpRecord, topUpOf } from '../domain/top-up.js';
import { Directory } from './directory.js';
import { PaymentProvider } from './payment-provider.js';

export type NewTopUp = Readonly<{
  id: string;
  ownerId: string;
  provider: string;
  amount: Nanos;
  savesMethod: boolean;
}>;

/** Payments into wallets. */
export abstract class TopUpStore {
  abstract begin(topUp: NewTopUp): Promise<'created' | 'replay' | 'parameters_differ'>;
  abstract find(id: string): Promise<TopUpRecord | undefined>;
  abstract list(ownerId: string, before: Date, limit: number): Promise<readonly TopUpRecord[]>;
  /** Remembers where to pay. */
  abstract rememberCheckout(id: string, url: string): Promise<void>;
}

/** How much may be paid at once: below, the provider's fixed fee eats it; above, a person should look first. */
export class TopUpLimits {
  constructor(
    readonly centsMin: number,
    readonly centsMax: number,
  ) {}

  /** An amount that a provider can be asked for. */
  check(text: string): Nanos {
    const amount = BigInt(text) > nanosMax ? undefined : parseNanos(text);
    const cents = amount === undefined ? undefined : toCents(amount);
    if (amount === undefined || cents === undefined) throw faults.AMOUNT_NOT_CENTS();
    if (cents < this.centsMin || cents > this.centsMax) {
      throw faults.TOP_UP_OUT_OF_RANGE({
        min: formatUsd(fromCents(this.centsMin)),
        max: formatUsd(fromCents(this.centsMax)),
      });
    }
    return amount;
  }
}

/** Lets owners pay into their wallets on a provider's page. */
@Injectable()
export class TopUps {
  constructor(
    private readonly store: TopUpStore,
    private readonly provider: PaymentProvider,
    private readonly directory: Directory,
    private readonly limits: TopUpLimits,
    private readonly clock: Clock,
  ) {}

  /** The top-up is kept before the provider is asked: whatever it tells of later is known. */
  async create({ ownerId }: Principal, request: CreateTopUp): Promise<TopUp> {
    const { topUpId: id, savesMethod } = request;
    if (!this.provider.isThere) throw faults.PAYMENTS_OFF();
    const amount = this.limits.check(request.amount);
    const provider = this.provider.name;
    const result = await this.store.begin({ id, ownerId, provider, amount, savesMethod });
    if (result === 'parameters_differ') throw faults.TOP_UP_PARAMETERS_DIFFER();
    const topUp = await this.required(id);
    if (topUp.state !== 'created' || topUp.checkoutUrl !== null) return topUpOf(topUp);
    const { customerId } = topUp;
    const { url } = await this.provider.createCheckout({
      topUpId: id,
      amount,
      savesMethod,
      customerId,
    });
    await this.store.rememberCheckout(id, url);
    return topUpOf({ ...topUp, checkoutUrl: url });
  }

  async list(principal: Principal, query: ListTopUps): Promise<readonly TopUp[]> {
    const end = new Date(query.before ?? this.clock.nowMs() + 1_000);
    const ownerId = await this.directory.ownerAskedFor(principal, query.username);
    return (await this.store.list(ownerId, end, query.limit)).map(topUpOf);
  }

  /** Somebody else's is not there, except for an operator. */
  async get(principal: Principal, id: string): Promise<TopUp> {
    const topUp = await this.required(id);
    const isAllowed = topUp.ownerId === principal.ownerId || principal.role === 'operator';
    if (!isAllowed) throw faults.TOP_UP_MISSING();
    return topUpOf(topUp);
  }

  private async required(id: string): Promise<TopUpRecord> {
    const topUp = await this.store.find(id);
    if (!topUp) throw faults.TOP_UP_MISSING();
    return topUp;
  }
}
