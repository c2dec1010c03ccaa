import type { Authorise, Authorised } from '@aisbf/contracts';
import type { FaultMaker } from '@aisbf/faults';
import { Injectable } from '@nestjs/common';
import { faults } from '../domain/faults.js';
import { type Decline, LedgerStore } from './ledger-store.js';

/** How soon held money is likely to be free again: about one short request. */
const retryAfterMs = 1_000;

const faultByDecline = {
  api_token_revoked: () => faults.API_TOKEN_INVALID(),
  concurrency_exceeded: () => faults.CONCURRENCY_EXCEEDED({ retryAfterMs }),
  insufficient_balance: () => faults.INSUFFICIENT_BALANCE(),
  held_by_other_requests: () => faults.HELD_BY_OTHER_REQUESTS({ retryAfterMs }),
  request_withdrawn: () => faults.REQUEST_WITHDRAWN(),
  parameters_differ: () => faults.HOLD_PARAMETERS_DIFFER(),
} as const satisfies Record<Decline, () => ReturnType<FaultMaker>>;

/** Sets money aside before a request runs. */
@Injectable()
export class Authorisation {
  constructor(private readonly ledger: LedgerStore) {}

  async authorise(command: Authorise): Promise<Authorised> {
    const answer = await this.ledger.authorise(command);
    if ('declined' in answer) throw faultByDecline[answer.declined]();
    return answer;
  }
}
