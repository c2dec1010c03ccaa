import { requireOwnPath } from '@aisbf/access';
import type { FindAnswer, FoundAnswer, KeepAnswer } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { Identity } from './identity.js';
import { inRounds } from './in-rounds.js';

export type KeyedRequest = Readonly<{
  requestId: string;
  bodyHash: string;
  /** `free`: it came to nothing, and the next one takes the key. */
  state: 'running' | 'ended' | 'free';
  answer: Uint8Array | null;
}>;

/** Where buyers' keys are kept. They are claimed where money is held, in one transaction with it. */
export abstract class IdempotencyStore {
  abstract find(ownerId: string, key: string): Promise<KeyedRequest | undefined>;
  abstract keep(requestId: string, answer: Uint8Array): Promise<void>;
  /** Forgets up to so many whose time is over; gives how many it were. */
  abstract purge(limit: number): Promise<number>;
}

/** Keys forgotten in one statement, answers and all. */
const purgedMax = 500;

/** What is known of a request that its buyer may have sent before. */
@Injectable()
export class Idempotency {
  constructor(
    private readonly store: IdempotencyStore,
    private readonly identity: Identity,
  ) {}

  /** A kept answer is given to whoever might ask for it anew, and to nobody else. */
  async find(question: FindAnswer): Promise<FoundAnswer> {
    const { apiToken, pathUsername, clientAddress, key, bodyHash } = question;
    const principal = await this.identity.require(apiToken, 'inference', clientAddress);
    requireOwnPath(principal, pathUsername);
    const known = await this.store.find(principal.ownerId, key);
    if (!known || known.state === 'free') return { state: 'unknown' };
    if (known.bodyHash !== bodyHash) return { state: 'reused' };
    if (known.state === 'running') return { state: 'running' };
    const { requestId, answer } = known;
    return {
      state: 'ended',
      requestId,
      answer: answer && Buffer.from(answer).toString('base64'),
    };
  }

  keep({ requestId, answer }: KeepAnswer): Promise<void> {
    return this.store.keep(requestId, Buffer.from(answer, 'base64'));
  }

  async purge(): Promise<void> {
    await inRounds(purgedMax, (limit) => this.store.purge(limit));
  }
}
