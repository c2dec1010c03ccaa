import { setTimeout as delay } from 'node:timers/promises';
import type { Authorise, Authorised, Extend, Extended } from '@aisbf/contracts';
import type { FaultMaker } from '@aisbf/faults';
import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { ceilingFor } from '../domain/charge.js';
import { evidenceOf } from '../domain/evidence.js';
import { faults } from '../domain/faults.js';
import { HeldRequests } from './held-requests.js';
import { LeaseRecall } from './lease-store.js';
import { type AuthoriseAnswer, type Decline, LedgerStore } from './ledger-store.js';

/** How soon held money is likely to be free again: about one short request. */
const retryAfterMs = 1_000;

/** A router answers a recall at once; one that does not by then is not waited for. */
const recallWaitMsMax = 500;
const recallLookMs = 25;

const faultByDecline = {
  api_token_revoked: () => faults.API_TOKEN_INVALID(),
  concurrency_exceeded: () => faults.CONCURRENCY_EXCEEDED({ retryAfterMs }),
  insufficient_balance: () => faults.INSUFFICIENT_BALANCE(),
  held_by_other_requests: () => faults.HELD_BY_OTHER_REQUESTS({ retryAfterMs }),
  request_withdrawn: () => faults.REQUEST_WITHDRAWN(),
  budget_exceeded: () => faults.BUDGET_EXCEEDED(),
  parameters_differ: () => faults.HOLD_PARAMETERS_DIFFER(),
  idempotency_key_reused: () => faults.IDEMPOTENCY_KEY_REUSED(),
  // Or it has ended since it was looked for: then the repeat finds its answer.
  idempotency_key_running: () => faults.IDEMPOTENCY_KEY_RUNNING({ retryAfterMs }),
} as const satisfies Record<Decline, () => ReturnType<FaultMaker>>;

/** Sets money aside before a request runs. */
@Injectable()
export class Authorisation {
  constructor(
    private readonly ledger: LedgerStore,
    private readonly held: HeldRequests,
    private readonly recall: LeaseRecall,
    private readonly clock: Clock,
  ) {}

  async authorise(command: Authorise): Promise<Authorised> {
    const answer = await this.decide(command);
    if (!('declined' in answer)) return answer;
    if (answer.declined === 'recall') throw faults.HELD_BY_OTHER_REQUESTS({ retryAfterMs });
    throw faultByDecline[answer.declined]();
  }

  async extend(command: Extend): Promise<Extended> {
    const { requestId, holdEpoch, ticket, servedPosition, units, renewUntilMs, progress } = command;
    const { terms, leased } = await this.held.find(requestId, ticket);
    const amount = ceilingFor(terms, servedPosition, units);
    // A lease ends when it does, whatever it pays for.
    if (amount === undefined || (leased && renewUntilMs !== undefined)) {
      throw faults.SETTLEMENT_INVALID();
    }
    const evidence = progress && evidenceOf(terms, servedPosition, progress);
    if (progress && (!evidence || renewUntilMs === undefined)) throw faults.SETTLEMENT_INVALID();
    const question = { requestId, holdEpoch, leased, amount, renewUntilMs, evidence };
    const answer = await this.ledger.extend(question);
    if (answer.result === 'missing') throw faults.HOLD_MISSING();
    return { result: answer.result, amount: answer.amount.toString() };
  }

  /** Nobody is told that there is no money while it lies unused in a lease: that is called back first. */
  private async decide(command: Authorise): Promise<AuthoriseAnswer> {
    const first = await this.ledger.authorise(command, true);
    if (!isRecall(first)) return first;
    this.recall.recall(command.ownerId);
    const endAtMs = this.clock.nowMs() + recallWaitMsMax;
    while (this.clock.nowMs() < endAtMs) {
      await delay(recallLookMs);
      const answer = await this.ledger.authorise(command, true);
      if (!isRecall(answer)) return answer;
    }
    return this.ledger.authorise(command, false);
  }
}

function isRecall(answer: AuthoriseAnswer): boolean {
  return 'declined' in answer && answer.declined === 'recall';
}
