import { randomUUID } from 'node:crypto';
import type { Candidate } from '@aisbf/contracts';
import { Clock } from '@aisbf/platform';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Attempts } from './attempts.js';
import { HealthFacts } from './health-facts.js';
import { RetryPurse } from './retry-budgets.js';
import { type Turn, Turns } from './turns.js';
import { Outrun } from './upstream.js';

class Ticks extends Clock {
  private at = 0;

  nowMs(): number {
    this.at += 1;
    return this.at;
  }
}

class NoFacts extends HealthFacts {
  attemptAnswering(): void {}

  attemptEnded(): void {}

  attemptOutrun(): void {}
}

class Purse extends RetryPurse {
  readonly isAmple = true;
  hedges = 0;

  constructor(private readonly hedgesMax: number) {
    super();
  }

  borrow(): Promise<boolean> {
    return Promise.resolve(true);
  }

  spend(): boolean {
    if (this.hedges >= this.hedgesMax) return false;
    this.hedges += 1;
    return true;
  }

  settle(): void {}
}

const candidate: Candidate = {
  kind: 'http',
  providerId: randomUUID(),
  providerLabel: 'sam/box',
  sellerOwnerId: randomUUID(),
  model: 'm',
  outputTokensHeld: null,
  url: 'http://upstream:1/v1',
  headers: {},
};

type End = Readonly<{ served: boolean; position: number }>;

/** What each candidate does when it is asked, after so many turns of the loop. */
type Behaviour = Readonly<{ how: 'serve' | 'refuse' | 'fail'; turns: number }>;

async function passed(turns: number, signal: AbortSignal): Promise<void> {
  for (let turn = 0; turn < turns && !signal.aborted; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function run(all: readonly Behaviour[], attemptsMax: number, hedgesMax: number) {
  const purse = new Purse(hedgesMax);
  const terms = { endpoint: 'chat.completions', isStream: true, hedgeAfterMs: 1 } as const;
  const attempts = new Attempts(new Ticks(), new NoFacts(), purse, terms);
  let atOnce = 0;
  let atOnceMost = 0;
  const ask = async ({ position, attempt }: Turn): Promise<End | 'next'> => {
    atOnce += 1;
    atOnceMost = Math.max(atOnceMost, atOnce);
    try {
      const { how, turns } = all[position] ?? { how: 'fail', turns: 0 };
      await passed(turns, attempt.outrun);
      if (how === 'serve') {
        attempts.serving(attempt);
        attempt.end({ result: 'served', httpStatus: 200 });
        return { served: true, position };
      }
      const reason = how === 'refuse' ? 'request_refused' : 'server_error';
      attempt.end({ result: 'failed', reason, httpStatus: 400 });
      return how === 'refuse' ? { served: false, position } : 'next';
    } catch (error) {
      if (error instanceof Outrun) return 'next';
      throw error;
    } finally {
      atOnce -= 1;
    }
  };
  const end = await new Turns<End>({
    candidates: all.map((_, position) => [position, candidate] as const),
    attemptsMax,
    attempts,
    signal: new AbortController().signal,
    ask,
    betterOf: (one, other) => (one.served || !other.served ? one : other),
  }).take();
  return { end, attempts, purse, atOnceMost };
}

describe('Turns', () => {
  it('ask in order, two at once at most, and serve one, whoever does what and when', async () => {
    const behaviour = fc.record({
      how: fc.constantFrom('serve' as const, 'refuse' as const, 'fail' as const, 'fail' as const),
      // Some longer than the time after which they get company, by far.
      turns: fc.constantFrom(0, 1, 3, 2_000),
    });
    const cases = fc.array(behaviour, { minLength: 1, maxLength: 4 });
    let hedged = 0;
    await fc.assert(
      fc.asyncProperty(cases, fc.integer({ min: 1, max: 4 }), fc.nat(1), async (all, most, may) => {
        const { end, attempts, purse, atOnceMost } = await run(all, most, may);
        hedged += purse.hedges;
        expect(atOnceMost).toBeLessThanOrEqual(1 + purse.hedges);
        expect(attempts.count).toBeLessThanOrEqual(Math.min(all.length, most));
        // Each has ended, in the order in which it began.
        expect(attempts.all.map(({ position }) => position)).toEqual(
          Array.from({ length: attempts.count }, (_, at) => at),
        );
        const served = attempts.all.filter(({ result }) => result === 'served');
        expect(served.length).toBeLessThanOrEqual(1);
        const isServed = end !== 'next' && end.served;
        expect(served.map(({ position }) => position)).toEqual(isServed ? [end.position] : []);
        const cancelled = attempts.all.filter(({ result }) => result === 'cancelled');
        expect(cancelled.length).toBeLessThanOrEqual(isServed ? purse.hedges : 0);
        const mightServe = all.slice(0, attempts.count).some(({ how }) => how === 'serve');
        expect(isServed).toBe(mightServe);
      }),
      { numRuns: 150 },
    );
    expect(hedged).toBeGreaterThan(0);
  });
});
