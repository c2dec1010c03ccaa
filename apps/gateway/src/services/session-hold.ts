import { setTimeout as delay } from 'node:timers/promises';
import type { Extended, Units } from '@aisbf/contracts';
import { Fault } from '@aisbf/faults';
import { type Clock, Log } from '@aisbf/platform';

/** Why no more is held. */
export type HoldRefusal = Exclude<Extended['result'], 'held'> | 'unheld';

const failuresMax = 5;

export type SessionHoldParts = Readonly<{
  /** Asks for so much in all, to be held until then. */
  ask: (units: Units, renewUntilMs: number) => Promise<Extended['result']>;
  /** When it ends unless it is renewed. */
  expiresAtMs: number;
  ttlMs: number;
  /** First pause after accounts did not answer; each further one is twice as long. */
  retryMs: number;
  clock: Clock;
  log: Log;
}>;

/**
 * The money under one session. What is held only grows; one question is under way at a time, and each says how much there
 * should be in all, so that a repeat does no harm.
 */
export class SessionHold {
  private held: Units = {};
  private untilMs: number;
  private turn: Promise<unknown> = Promise.resolve();

  constructor(private readonly parts: SessionHoldParts) {
    this.untilMs = parts.expiresAtMs;
  }

  get expiresAtMs(): number {
    return this.untilMs;
  }

  covers(needs: Units): boolean {
    return Object.entries(needs).every(
      ([kind, count]) => (count ?? 0) <= (this.held[kind as keyof Units] ?? 0),
    );
  }

  /** Asks in any case: whoever may spend no more is told so. Of several wishes the first counts that there is money for. */
  provide(...wishes: readonly Units[]): Promise<HoldRefusal | undefined> {
    return this.inTurn(async () => {
      let refusal: HoldRefusal | undefined;
      for (const wish of wishes) {
        refusal = await this.ask(mostOf(this.held, wish));
        if (refusal === undefined || refusal === 'token_revoked' || refusal === 'unheld') break;
      }
      return refusal;
    });
  }

  /** So that it outlives this moment by as much as at its beginning. */
  renew(): Promise<HoldRefusal | undefined> {
    return this.provide({});
  }

  private async ask(units: Units): Promise<HoldRefusal | undefined> {
    const { clock, ttlMs, retryMs, log } = this.parts;
    for (let failures = 1; ; failures += 1) {
      const untilMs = clock.nowMs() + ttlMs;
      try {
        const result = await this.parts.ask(units, untilMs);
        if (result !== 'held') return result;
        this.held = units;
        this.untilMs = Math.max(this.untilMs, untilMs);
        return undefined;
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        if (error.kind !== 'unavailable' || failures >= failuresMax) {
          log.warn({ error }, 'the hold of a session is not extended');
          return 'unheld';
        }
      }
      await delay(retryMs * 2 ** (failures - 1));
    }
  }

  private inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.turn.then(work);
    // Whoever waits for this one hears of its failure; the next only waits for its end.
    this.turn = result.catch(() => undefined);
    return result;
  }
}

/** Of each kind the larger count. */
function mostOf(one: Units, other: Units): Units {
  const kinds = new Set([...Object.keys(one), ...Object.keys(other)]) as Set<keyof Units>;
  return Object.fromEntries(
    [...kinds].map((kind) => [kind, Math.max(one[kind] ?? 0, other[kind] ?? 0)]),
  );
}
