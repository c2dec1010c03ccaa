import { setTimeout as wait } from 'node:timers/promises';
import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { BrokerLimits } from '../config.js';
import { Presence } from './presence.js';
import type { Session } from './session.js';
import { Sessions } from './sessions.js';

const sliceIntervalMs = 50;
/** A bus that is away does not get our farewell; routers then notice by the missing beats. */
const flushWaitMs = 2_000;

/** Leaving: nothing new, what runs ends, and the workers go in slices so that they don't arrive as a storm. */
@Injectable()
export class Drain {
  private hasBegun = false;

  constructor(
    private readonly sessions: Sessions,
    private readonly presence: Presence,
    private readonly clock: Clock,
    private readonly limits: BrokerLimits,
  ) {}

  /** No socket is let in any more. */
  get isDraining(): boolean {
    return this.hasBegun;
  }

  async run(): Promise<void> {
    this.hasBegun = true;
    this.presence.beginDrain();
    for (const session of [...this.sessions.all()]) session.drain();
    const endAtMs = this.clock.nowMs() + this.limits.drain.graceMs;
    const untold = [...this.sessions.all()].filter((session) => session.isBusy);
    while (this.sessions.count > 0) {
      const isLate = this.clock.nowMs() >= endAtMs;
      for (const session of this.nextSlice(isLate)) session.end('drained');
      for (const session of untold.splice(0, this.limits.drain.slice)) {
        session.farewell(Math.max(0, endAtMs - this.clock.nowMs()));
      }
      if (this.sessions.count > 0) await wait(sliceIntervalMs);
    }
    await Promise.race([this.presence.flush(), wait(flushWaitMs, undefined, { ref: false })]);
  }

  private nextSlice(isLate: boolean): readonly Session[] {
    const idle = [...this.sessions.all()].filter((session) => isLate || !session.isBusy);
    return idle.slice(0, this.limits.drain.slice);
  }
}
