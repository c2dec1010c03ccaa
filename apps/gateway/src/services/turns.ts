import type { Candidate } from '@aisbf/contracts';
import type { Attempts } from './attempts.js';
import type { RunningAttempt } from './running-attempt.js';

/** Whose turn it is. */
export type Turn = Readonly<{ position: number; candidate: Candidate; attempt: RunningAttempt }>;

export type TurnParts<End> = Readonly<{
  /** By their positions in the plan, in the order in which they are asked. */
  candidates: readonly (readonly [position: number, candidate: Candidate])[];
  attemptsMax: number;
  attempts: Attempts;
  /** Aborted where nobody waits any more. */
  signal: AbortSignal;
  /** `next`: somebody else may do better. */
  ask: (turn: Turn) => Promise<End | 'next'>;
  /** Which of two ends counts, where two were asked at once and neither says `next`. */
  betterOf: (one: End, other: End) => End;
}>;

/** Asks one candidate after another; beside one that is slow the next, once, where that is wanted. */
export class Turns<End> {
  private asked = 0;
  private isHedged = false;

  constructor(private readonly parts: TurnParts<End>) {}

  /** `next`: nobody is left, or nobody may be asked any more. */
  async take(): Promise<End | 'next'> {
    const { attempts, signal } = this.parts;
    while (this.mayGoOn() && (await attempts.mayBegin(signal))) {
      const result = await this.askWithCompany(this.askNext(false));
      if (result !== 'next') return result;
    }
    return 'next';
  }

  private mayGoOn(): boolean {
    const { candidates, attemptsMax, attempts, signal } = this.parts;
    const isLeft = this.asked < candidates.length && attempts.count < attemptsMax;
    return isLeft && !signal.aborted;
  }

  private askNext(isHedge: boolean): Promise<End | 'next'> {
    const { candidates, attempts, ask } = this.parts;
    const next = candidates[this.asked];
    if (!next) return Promise.resolve('next');
    this.asked += 1;
    const [position, candidate] = next;
    return ask({ position, candidate, attempt: attempts.begin(position, candidate, isHedge) });
  }

  private async askWithCompany(first: Promise<End | 'next'>): Promise<End | 'next'> {
    const { attempts, betterOf } = this.parts;
    const afterMs = attempts.hedgeAfterMs;
    if (afterMs === undefined || this.isHedged) return first;
    if (!(await isSlow(first, afterMs)) || !this.mayGoOn() || !attempts.mayHedge()) return first;
    this.isHedged = true;
    // Whoever is second with an answer is stopped by the first, so that both end.
    const ends = await Promise.allSettled([first, this.askNext(true)]);
    const [one = 'next', other = 'next'] = ends.map((end) => {
      if (end.status === 'rejected') throw end.reason;
      return end.value;
    });
    if (one === 'next') return other;
    return other === 'next' ? one : betterOf(one, other);
  }
}

/** Whether it has not ended after so long. */
async function isSlow(running: Promise<unknown>, afterMs: number): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => late.resolve(true), afterMs);
  const ended = () => late.resolve(false);
  running.then(ended, ended);
  try {
    return await late.promise;
  } finally {
    clearTimeout(timer);
  }
}
