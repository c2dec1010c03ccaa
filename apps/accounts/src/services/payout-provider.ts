import type { PayoutProviderKind } from '@aisbf/contracts';
import type { Nanos } from '@aisbf/money';
import { faults } from '../domain/faults.js';
import type { Movement } from '../domain/movement.js';
import type { Window } from '../domain/reconciliation.js';

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
  /** What it can say of all payouts; undefined where only a person can. */
  abstract readonly book: PayoutBook | undefined;
}

/** Payouts as their provider has them, by our own ids. What it does not answer is a fault. */
export type PayoutBook = Readonly<{
  movements: (window: Window) => AsyncIterable<Movement>;
  movement: (payoutId: string) => Promise<Movement | undefined>;
}>;

/** All there are. Also the DI token. */
export class PayoutProviders {
  constructor(private readonly all: ReadonlyMap<PayoutProviderKind, PayoutProvider>) {}

  /** One that was there and is not set up any more has said nothing. */
  of(kind: PayoutProviderKind): PayoutProvider {
    return this.all.get(kind) ?? absentProvider;
  }

  books(): readonly Readonly<{ name: PayoutProviderKind; book: PayoutBook }>[] {
    return [...this.all].flatMap(([name, { book }]) => (book ? { name, book } : []));
  }
}

const notSetUp = async (): Promise<PayoutAnswer> => ({
  state: 'unknown',
  error: faults.PAYOUT_PROVIDER_MISSING(),
});
const absentProvider: PayoutProvider = {
  submit: notSetUp,
  look: notSetUp,
  book: undefined,
};

/** Where a seller tells a provider who it is and where its bank is; none of it comes by here. */
export abstract class PayoutOnboarding {
  /** Gives the owner's account at the provider; the same one, however often it is asked for. */
  abstract open(ownerId: string): Promise<string>;
  abstract link(destination: string): Promise<string>;
  abstract isReady(destination: string): Promise<boolean>;
}
