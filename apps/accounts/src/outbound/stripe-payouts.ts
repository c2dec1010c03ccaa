import { fromCents } from '@aisbf/money';
import { Stripe } from 'stripe';
import { faults } from '../domain/faults.js';
import type { Movement } from '../domain/movement.js';
import { centsOf } from '../domain/payout.js';
import type { Window } from '../domain/reconciliation.js';
import {
  type PayoutAnswer,
  PayoutOnboarding,
  type PayoutOrder,
  PayoutProvider,
} from '../services/payout-provider.js';
import { createdIn } from './stripe-client.js';
import { fromTransfer, payoutIdField } from './stripe-movement.js';

/**
 * Stripe Connect: a transfer to the seller's connected account, from which Stripe pays out to the seller's bank. The
 * payout's id is the idempotency key, under which Stripe does a thing once, and the transfer's group, by which the
 * transfer is found again.
 */
export class StripePayouts extends PayoutProvider {
  readonly book = {
    movements: (window: Window) => this.movements(window),
    movement: (payoutId: string) => this.movement(payoutId),
  };

  constructor(private readonly stripe: Stripe) {
    super();
  }

  async submit({ payoutId, destination, amount }: PayoutOrder): Promise<PayoutAnswer> {
    try {
      const transfer = await this.stripe.transfers.create(
        {
          amount: centsOf(amount),
          currency: 'usd',
          destination,
          transfer_group: payoutId,
          metadata: { [payoutIdField]: payoutId },
        },
        { idempotencyKey: payoutId },
      );
      return paid(transfer);
    } catch (error) {
      return isRefusal(error)
        ? { state: 'failed', reason: reasonOf(error) }
        : { state: 'unknown', error };
    }
  }

  async look({ payoutId }: PayoutOrder): Promise<PayoutAnswer> {
    try {
      const { data } = await this.stripe.transfers.list({ transfer_group: payoutId, limit: 1 });
      const transfer = data[0];
      return transfer ? paid(transfer) : { state: 'absent' };
    } catch (error) {
      return { state: 'unknown', error };
    }
  }

  private async *movements(window: Window): AsyncGenerator<Movement> {
    const transfers = this.stripe.transfers.list({ created: createdIn(window), limit: pageMax });
    const items = transfers[Symbol.asyncIterator]();
    for (;;) {
      const next = await asked(() => items.next());
      if (next.done) return;
      yield* fromTransfer(next.value);
    }
  }

  private async movement(payoutId: string): Promise<Movement | undefined> {
    const { data } = await asked(() =>
      this.stripe.transfers.list({ transfer_group: payoutId, limit: 1 }),
    );
    return data.flatMap(fromTransfer)[0];
  }
}

/** As many as Stripe gives at once. */
const pageMax = 100;

async function asked<Answer>(question: () => Promise<Answer>): Promise<Answer> {
  try {
    return await question();
  } catch (error) {
    throw faults.PAYOUT_PROVIDER_UNAVAILABLE({}, { cause: error });
  }
}

/** Express accounts: Stripe asks sellers who they are and where their bank is. */
export class StripeOnboarding extends PayoutOnboarding {
  constructor(
    private readonly stripe: Stripe,
    private readonly returnUrl: string,
  ) {
    super();
  }

  async open(ownerId: string): Promise<string> {
    const account = await asked(() =>
      this.stripe.accounts.create(
        {
          type: 'express',
          capabilities: { transfers: { requested: true } },
          metadata: { owner_id: ownerId },
        },
        { idempotencyKey: `payout-account-${ownerId}` },
      ),
    );
    return account.id;
  }

  async link(destination: string): Promise<string> {
    const { url } = await asked(() =>
      this.stripe.accountLinks.create({
        account: destination,
        type: 'account_onboarding',
        refresh_url: this.returnUrl,
        return_url: this.returnUrl,
      }),
    );
    return url;
  }

  async isReady(destination: string): Promise<boolean> {
    const account = await asked(() => this.stripe.accounts.retrieve(destination));
    return account.payouts_enabled === true;
  }
}

/** Where no payment provider is set up. */
export class NoOnboarding extends PayoutOnboarding {
  async open(): Promise<string> {
    throw faults.PAYOUT_PROVIDER_MISSING();
  }

  async link(): Promise<string> {
    throw faults.PAYOUT_PROVIDER_MISSING();
  }

  async isReady(): Promise<boolean> {
    return false;
  }
}

function paid({ id, amount_reversed }: Stripe.Transfer): PayoutAnswer {
  return {
    state: 'paid',
    providerRef: id,
    reversed: fromCents(amount_reversed),
  };
}

/**
 * Stripe has understood and will not. Whatever else it answers may have been done: a time-out, a broken connection,
 * a 5xx, a conflict with another call under the same key. A key of ours that is not good (401) is no refusal of
 * this payout either.
 */
function isRefusal(error: unknown): error is Stripe.errors.StripeError {
  if (!(error instanceof Stripe.errors.StripeError)) return false;
  if (error instanceof Stripe.errors.StripeIdempotencyError) return false;
  return [400, 402, 403, 404].includes(error.statusCode ?? 0);
}

function reasonOf({ code, type, message }: Stripe.errors.StripeError): string {
  return `${code ?? type}: ${message}`.slice(0, 500);
}
