import type { Onboarding, PayoutAccount, Principal } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { type Actor, actedDeed } from '../domain/audit.js';
import { faults } from '../domain/faults.js';
import { PayoutOnboarding } from './payout-provider.js';
import { PayoutBooks } from './payout-store.js';

/** Where an owner's earnings are paid out to. */
@Injectable()
export class PayoutAccounts {
  constructor(
    private readonly books: PayoutBooks,
    private readonly onboarding: PayoutOnboarding,
  ) {}

  /** An account that was not ready is looked at again: its owner may have answered all questions meanwhile. */
  async account({ ownerId }: Principal): Promise<PayoutAccount> {
    const account = await this.books.account(ownerId);
    const { provider, destination, isReady } = account;
    if (provider !== 'stripe' || destination === null || isReady) return account;
    if (!(await this.onboarding.isReady(destination))) return account;
    // The provider's word, which nobody here has given.
    await this.books.putAccount(ownerId, { provider, destination, isReady: true }, []);
    return { ...account, isReady: true };
  }

  /** An account that an operator has set up is not replaced by whoever has an API token. */
  async startOnboarding(actor: Actor): Promise<Onboarding> {
    const { ownerId, role, username } = actor.principal;
    const { provider, destination } = await this.books.account(ownerId);
    if (role === 'operator') throw faults.PAYOUT_ACCOUNT_NEEDLESS();
    if (provider === 'csv') throw faults.PAYOUT_ACCOUNT_SET();
    const account = destination ?? (await this.onboarding.open(ownerId));
    if (destination === null) {
      const opened = { provider: 'stripe', destination: account, isReady: false } as const;
      const detail = { provider: 'stripe', destination: account };
      const deed = { action: 'payout-account.onboard', subject: username, detail } as const;
      const notes = [{ when: ['put'], deed: actedDeed(actor, deed) }];
      await this.books.putAccount(ownerId, opened, notes);
    }
    return { url: await this.onboarding.link(account) };
  }
}
