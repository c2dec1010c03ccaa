import { randomUUID } from 'node:crypto';
import type {
  AttemptAnswering,
  AttemptEnded,
  AttemptOutrun,
  Candidate,
  EndpointName,
} from '@aisbf/contracts';
import { Clock } from '@aisbf/platform';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { Attempts } from './attempts.js';
import { HealthFacts } from './health-facts.js';
import { RetryPurse } from './retry-budgets.js';
import type { RunningAttempt } from './running-attempt.js';
import { Outrun } from './upstream.js';

class SetClock extends Clock {
  at = 1_000;

  nowMs(): number {
    return this.at;
  }
}

class ToldFacts extends HealthFacts {
  readonly answering: AttemptAnswering[] = [];
  readonly ended: AttemptEnded[] = [];
  readonly outrun: AttemptOutrun[] = [];

  attemptAnswering(fact: AttemptAnswering): void {
    this.answering.push(fact);
  }

  attemptEnded(fact: AttemptEnded): void {
    this.ended.push(fact);
  }

  attemptOutrun(fact: AttemptOutrun): void {
    this.outrun.push(fact);
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

  spend(): boolean {
    this.said.push('spent');
    return true;
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
let one: RunningAttempt;

beforeEach(() => {
  clock = new SetClock();
  facts = new ToldFacts();
  purse = new OpenPurse();
  attempts = attemptsOf();
});

function attemptsOf(terms: { endpoint?: EndpointName; isStream?: boolean } = {}): Attempts {
  const usual = { endpoint: 'chat.completions', isStream: true, hedgeAfterMs: undefined } as const;
  return new Attempts(clock, facts, purse, { ...usual, ...terms });
}

/** Bytes at each of these times after the attempt began. */
function bytesAt(...times: readonly number[]): void {
  for (const at of times) {
    clock.at = 1_000 + at;
    one.bytes();
  }
}

describe('Attempts', () => {
  it('tell once that an answer goes on, after two seconds of it', () => {
    one = attempts.begin(0, candidate);
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
    const asked = attemptsOf({ endpoint: 'responses' });
    asked.begin(0, candidate).end({ result: 'served', httpStatus: 200 });
    const askedAsChat = asked.begin(1, { ...candidate, endpoint: 'chat.completions' });
    askedAsChat.end({ result: 'served', httpStatus: 200 });
    expect(facts.ended.map(({ endpoint }) => endpoint)).toEqual(['responses', 'chat.completions']);
  });

  it('tell of a stream its time and tokens, but for what held it back', async () => {
    one = attempts.begin(0, candidate);
    bytesAt(500, 1_500);
    clock.at = 2_500;
    one.end({ result: 'served', httpStatus: 200, streamedTokens: 40 });
    expect(facts.ended).toMatchObject([{ firstByteMs: 500, streamMs: 1_000, outputTokens: 40 }]);

    one = attempts.begin(1, candidate);
    one.bytes();
    const waited = Promise.withResolvers<void>();
    const waiting = one.heldBackBy(waited.promise);
    clock.at += 1_000;
    waited.resolve();
    await waiting;
    clock.at += 1_000;
    one.end({ result: 'served', httpStatus: 200, streamedTokens: 40 });
    expect(facts.ended.at(-1)).toMatchObject({ streamMs: 2_000 });
    expect(facts.ended.at(-1)).not.toHaveProperty('outputTokens');
  });

  it('borrow for another one only after one that was work for somebody', async () => {
    const never = new AbortController().signal;
    for (const reason of [undefined, 'worker_busy', 'session_gone', 'server_error'] as const) {
      if (reason) one.end({ result: 'failed', reason, httpStatus: 503 });
      expect(await attempts.mayBegin(never)).toBe(true);
      one = attempts.begin(0, candidate);
    }
    expect(purse.said).toEqual(['lost', 'borrowed']);
    attempts.serving(one);
    one.end({ result: 'served', httpStatus: 200 });
    attempts.close();
    expect(purse.said).toEqual(['lost', 'borrowed', 'helped', 'lost']);
  });

  it('stop the slower of two, once the other serves, and tell nobody that it was ill', () => {
    const slow = attempts.begin(0, candidate);
    expect(attempts.mayHedge()).toBe(true);
    const hedge = attempts.begin(1, candidate, true);
    clock.at = 3_000;
    attempts.serving(hedge);
    const { providerId, model } = candidate;
    expect(facts.outrun).toEqual([
      {
        ...{ type: 'attempt-outrun', providerId, model, sessionId: 'one' },
        ...{ endpoint: 'chat.completions', waitedMs: 2_000, atMs: 3_000 },
      },
    ]);
    expect(slow.outrun.aborted).toBe(true);
    expect(() => attempts.serving(slow)).toThrow(Outrun);
    slow.end({ result: 'failed', reason: 'unreachable', httpStatus: null });
    expect(attempts.before(hedge)).toMatchObject([{ result: 'cancelled', reason: 'hedged' }]);
    hedge.end({ result: 'served', httpStatus: 200 });
    expect(attempts.all).toMatchObject([
      { position: 0, result: 'cancelled', reason: 'hedged' },
      { position: 1, result: 'served', reason: null },
    ]);
    expect(facts.ended).toMatchObject([{ isSuccess: true }]);
    expect(attempts.mayHedge()).toBe(false);
  });

  it('tell nothing of how slow one is that has begun, or had less time', () => {
    const slow = attempts.begin(0, candidate);
    const hedge = attempts.begin(1, candidate, true);
    slow.bytes();
    attempts.serving(slow);
    expect([hedge.record?.reason, facts.outrun]).toEqual(['hedged', []]);
    const begun = attemptsOf();
    begun.begin(0, candidate).bytes();
    begun.serving(begun.begin(1, candidate, true));
    const whole = attemptsOf({ isStream: false });
    whole.begin(0, candidate);
    whole.serving(whole.begin(1, candidate, true));
    expect(facts.outrun).toEqual([]);
  });

  it('keep what is lent for the one that it was lent for, whatever becomes of the hedge', async () => {
    attempts.begin(0, candidate).end({ result: 'failed', reason: 'cut', httpStatus: 200 });
    await attempts.mayBegin(new AbortController().signal);
    const retry = attempts.begin(1, candidate);
    attempts.mayHedge();
    const hedge = attempts.begin(2, candidate, true);
    hedge.end({ result: 'failed', reason: 'server_error', httpStatus: 500 });
    attempts.serving(retry);
    expect(purse.said).toEqual(['lost', 'borrowed', 'spent', 'helped']);
  });
});
