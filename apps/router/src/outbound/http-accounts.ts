import { Authorise, Authorised, internalPaths, Owner } from '@aisbf/contracts';
import { InternalClient } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { Accounts } from '../services/accounts.js';

/** Accounts, over kept connections. */
@Injectable()
export class HttpAccounts extends Accounts {
  constructor(private readonly client: InternalClient) {
    super();
  }

  authorise(order: Authorise): Promise<Authorised> {
    return this.client.post(
      internalPaths.accountsAuthorise,
      order satisfies Authorise,
      Authorised,
      order.requestId,
    );
  }

  ownerOf(username: string): Promise<Owner> {
    return this.client.post(internalPaths.accountsOwner, { type: 'get-owner', username }, Owner);
  }
}
