import { randomUUID } from 'node:crypto';
import type { AttemptAnswering, AttemptEnded, Candidate } from '@aisbf/contracts';
import { Clock } from '@aisbf/platform';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { Attempts } from './attempts.js';
import { HealthFacts } from './health-facts.js';
import { RetryPurse } from './retry-budgets.js';

class SetClock extends Clock {
  at = 1_000;

  nowMs(): number {
    return this.at;
  }
}

class ToldFacts extends HealthFacts {
  readonly answering: AttemptAnswering[] = [];
  readonly ended: AttemptEnded[] = [];

  attemptAnswering(fact: AttemptAnswering): void {
    this.answering.push(fact);
  }

  attemptEnded(fact: AttemptEnded): void {
    this.ended.push(fact);
  }
}

/** Lends whatever is asked for, and remembers. */
class OpenPurse extends RetryPurse {
  readonly isAmple = true;
  readonly said: string[] = [];

  borrow(): Promise<boolean> {
    this.said.push('borrowed');
    return Promise.resolve(true);
  }

  settle(isHelpful: boolean): void {
    this.said.push(isHelpful ? 'helped' : 'lost');
  }
}

const candidate: Candidate = {
  kind: 'session',
  providerId: randomUUID(),
  providerLabel: 'sam/rig',
  sellerOwnerId: randomUUID(),
  model: 'llama',
  outputTokensHeld: null,
  brokerUrl: 'http://broker:1',
  sessionId: 'one',
  sessionEpoch: 1,
};

let clock: SetClock;
let facts: ToldFacts;
let purse: OpenPurse;
let attempts: Attempts;

beforeEach(() => {
  clock = new SetClock();
  facts = new ToldFacts();
  purse = new OpenPurse();
  attempts = new Attempts('chat.completions', clock, facts, purse);
});

/** Bytes at each of these times after the attempt began. */
function bytesAt(...times: readonly number[]): void {
  for (const at of times) {
    clock.at = 1_000 + at;
    attempts.bytes();
  }
}

describe('Attempts', () => {
  it('tell once that an answer goes on, after two seconds of it', () => {
    attempts.begin(0, candidate);
    bytesAt(500, 1_000, 2_499);
    expect(facts.answering).toEqual([]);
    bytesAt(2_500, 3_000, 9_000);
    const { providerId, model } = candidate;
    expect(facts.answering).toEqual([
      {
        ...{ type: 'attempt-answering', providerId, model, sessionId: 'one' },
        ...{ endpoint: 'chat.completions', atMs: 3_500 },
      },
    ]);
  });

  it('tell by which endpoint it was: the plan may have it asked by another one than the buyer has', () => {
    const asked = new Attempts('responses', clock, facts, purse);
    asked.begin(0, candidate);
    asked.end({ result: 'served', httpStatus: 200 });
    asked.begin(1, { ...candidate, endpoint: 'chat.completions' });
    asked.end({ result: 'served', httpStatus: 200 });
    expect(facts.ended.map(({ endpoint }) => endpoint)).toEqual(['responses', 'chat.completions']);
  });

  it('tell of a stream its time and tokens, but for what held it back', async () => {
    attempts.begin(0, candidate);
    bytesAt(500, 1_500);
    clock.at = 2_500;
    attempts.end({ result: 'served', httpStatus: 200, streamedTokens: 40 });
    expect(facts.ended).toMatchObject([{ firstByteMs: 500, streamMs: 1_000, outputTokens: 40 }]);

    attempts.begin(1, candidate);
    attempts.bytes();
    const waited = Promise.withResolvers<void>();
    const waiting = attempts.heldBackBy(waited.promise);
    clock.at += 1_000;
    waited.resolve();
    await waiting;
    clock.at += 1_000;
    attempts.end({ result: 'served', httpStatus: 200, streamedTokens: 40 });
    expect(facts.ended.at(-1)).toMatchObject({ streamMs: 2_000 });
    expect(facts.ended.at(-1)).not.toHaveProperty('outputTokens');
  });

  it('borrow for another one only after one that was work for somebody', async () => {
    const never = new AbortController().signal;
    for (const reason of [undefined, 'worker_busy', 'session_gone', 'server_error'] as const) {
      if (reason) attempts.end({ result: 'failed', reason, httpStatus: 503 });
      expect(await attempts.mayBegin(never)).toBe(true);
      attempts.begin(0, candidate);
    }
    expect(purse.said).toEqual(['lost', 'borrowed']);
    attempts.serving();
    attempts.end({ result: 'served', httpStatus: 200 });
    attempts.close();
    expect(purse.said).toEqual(['lost', 'borrowed', 'helped', 'lost']);
  });
});
