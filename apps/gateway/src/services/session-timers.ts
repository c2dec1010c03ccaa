import type { Clock } from '@aisbf/platform';
import type { SessionEnd } from '../domain/session-end.js';
import type { SessionHold } from './session-hold.js';

export type SessionTimersParts = Readonly<{
  clock: Clock;
  /** How long nobody may say anything. */
  idleMs: number;
  /** How long a model may be silent in the middle of an answer. */
  silenceMs: number;
  isAwaited: () => boolean;
  hold: SessionHold;
}>;

/** Within the life of a hold it is renewed so often that one lost answer ends nothing. */
const renewalsPerLife = 3;
/** How exactly the ends of times are met, as a share of the time. */
const looksPerTime = 4;

/** Ends a session in which nothing happens any more, and keeps the hold of one in which something does. */
export class SessionTimers {
  private readonly timers: NodeJS.Timeout[] = [];
  private heardAtMs: number;
  private answeredAtMs: number;

  constructor(private readonly parts: SessionTimersParts) {
    this.heardAtMs = parts.clock.nowMs();
    this.answeredAtMs = this.heardAtMs;
  }

  heard(from: 'buyer' | 'upstream'): void {
    this.heardAtMs = this.parts.clock.nowMs();
    // The silence of a model counts from the question on.
    if (from === 'upstream' || !this.parts.isAwaited()) this.answeredAtMs = this.heardAtMs;
  }

  /** `fail` hears of what must not happen. */
  start(end: (end: SessionEnd) => void, fail: (error: unknown) => void): void {
    const { clock, idleMs, silenceMs, hold, isAwaited } = this.parts;
    this.every(idleMs / looksPerTime, () => {
      if (clock.nowMs() - this.heardAtMs >= idleMs) end({ by: 'market', reason: 'idle' });
    });
    this.every(silenceMs / looksPerTime, () => {
      const isSilent = clock.nowMs() - this.answeredAtMs >= silenceMs;
      if (isSilent && isAwaited()) end({ by: 'seller', failure: 'timeout' });
    });
    const lifeMs = hold.expiresAtMs - clock.nowMs();
    this.every(lifeMs / renewalsPerLife, () => void this.renew(lifeMs, end).catch(fail));
  }

  stop(): void {
    for (const timer of this.timers) clearInterval(timer);
  }

  /** What accounts could not be asked is asked again, while there is time. */
  private async renew(lifeMs: number, end: (end: SessionEnd) => void): Promise<void> {
    const { hold, clock } = this.parts;
    const refusal = await hold.renew();
    if (refusal === undefined) return;
    const leftMs = hold.expiresAtMs - clock.nowMs();
    if (refusal === 'token_revoked') end({ by: 'market', reason: 'revoked' });
    else if (leftMs <= lifeMs / renewalsPerLife) end({ by: 'market', reason: 'unheld' });
  }

  private every(ms: number, look: () => void): void {
    this.timers.push(setInterval(look, Math.max(1, ms)));
  }
}
