import type { PayoutProviderKind } from '@aisbf/contracts';
import type { Nanos } from '@aisbf/money';
import { faults } from '../domain/faults.js';

/** What a provider is asked for: always the same under the same id. */
export type PayoutOrder = Readonly<{ payoutId: string; destination: string; amount: Nanos }>;

/**
 * What a provider says of a payout.
 *
 * - `accepted`: it will be done; somebody has to tell when
 * - `paid`: done, as far as it has not come back
 * - `failed`: not done, and never will be under this id
 * - `absent`: the provider has not heard of it yet
 * - `unknown`: it did not say; it may have been done
 */
export type PayoutAnswer =
  | Readonly<{ state: 'accepted' | 'absent' }>
  | Readonly<{ state: 'paid'; providerRef: string | null; reversed: Nanos }>
  | Readonly<{ state: 'failed'; reason: string }>
  | Readonly<{ state: 'unknown'; error: unknown }>;

/**
 * Whoever moves money to sellers. Neither call throws for what the provider does, and both may be made any number
 * of times: under one id it pays once.
 */
export abstract class PayoutProvider {
  abstract submit(order: PayoutOrder): Promise<PayoutAnswer>;
  abstract look(order: PayoutOrder): Promise<PayoutAnswer>;
}

/** All there are. Also the DI token. */
export class PayoutProviders {
  constructor(private readonly all: ReadonlyMap<PayoutProviderKind, PayoutProvider>) {}

  /** One that was there and is not set up any more has said nothing. */
  of(kind: PayoutProviderKind): PayoutProvider {
    return this.all.get(kind) ?? absentProvider;
  }
}

const notSetUp = async (): Promise<PayoutAnswer> => ({
  state: 'unknown',
  error: faults.PAYOUT_PROVIDER_MISSING(),
});
const absentProvider: PayoutProvider = { submit: notSetUp, look: notSetUp };

/** Where a seller tells a provider who it is and where its bank is; none of it comes by here. */
export abstract class PayoutOnboarding {
  /** Gives the owner's account at the provider; the same one, however often it is asked for. */
  abstract open(ownerId: string): Promise<string>;
  abstract link(destination: string): Promise<string>;
  abstract isReady(destination: string): Promise<boolean>;
}
