import type { Checkpoint, CheckpointResult } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import type { HeldTerms } from '../domain/charge.js';
import { type Evidence, evidenceOf } from '../domain/evidence.js';
import type { LeasedRequest } from '../domain/lease-ticket.js';
import { HeldRequests } from './held-requests.js';

/** Evidence, and the request that it is of; `leased` where its money is a lease's. */
export type HeldEvidence = Readonly<{
  requestId: string;
  holdEpoch: number;
  leased: LeasedRequest | undefined;
  evidence: Evidence;
}>;

/** Where it is kept what running requests have come to. Moves no money. */
export abstract class CheckpointStore {
  /** What was fixed at admission, of those that have holds. */
  abstract heldTerms(requestIds: readonly string[]): Promise<ReadonlyMap<string, HeldTerms>>;
  /** An answer for each. Safe to repeat, and in any order: what is known never goes back. */
  abstract keep(all: readonly HeldEvidence[]): Promise<readonly CheckpointResult[]>;
}

/** Keeps what running requests have delivered, for the case that nobody reports how they end. */
@Injectable()
export class Checkpoints {
  constructor(
    private readonly store: CheckpointStore,
    private readonly held: HeldRequests,
  ) {}

  /** Each by itself: one that is wrong leaves the others alone. */
  async keepAll(checkpoints: readonly Checkpoint[]): Promise<readonly CheckpointResult[]> {
    const withHolds = checkpoints.filter(({ ticket }) => ticket === null);
    const terms = await this.store.heldTerms(withHolds.map(({ requestId }) => requestId));
    const judged = checkpoints.map((one) => this.judge(one, terms.get(one.requestId)));
    const sound = judged.filter((one) => typeof one !== 'string');
    const kept = (await this.store.keep(sound)).values();
    return judged.map((one) => (typeof one === 'string' ? one : (kept.next().value ?? 'busy')));
  }

  private judge(
    { requestId, holdEpoch, ticket, servedPosition, progress }: Checkpoint,
    ofHold: HeldTerms | undefined,
  ): HeldEvidence | 'missing' | 'invalid' {
    const leased = ticket === null ? undefined : this.held.leased(requestId, ticket);
    if (ticket !== null && !leased) return 'invalid';
    const terms = leased ?? ofHold;
    if (!terms) return 'missing';
    const evidence = evidenceOf(terms, servedPosition, progress);
    return evidence ? { requestId, holdEpoch, leased, evidence } : 'invalid';
  }
}
