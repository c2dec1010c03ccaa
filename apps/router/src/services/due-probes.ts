import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { type ProbeTarget, probeKey } from '../domain/probe-target.js';
import { ProbeEvents } from '../probe-events.js';
import { ProbeQueue } from './probe-queue.js';

/** Targets that are remembered to be in the queue; one that is forgotten is only put there again, under the same name. */
const askedMax = 10_000;

/** Within this time replicas that hear failures in different orders mean the same probe. */
const slotMs = 1_000;

/** Puts single probes into the queue, for later. */
@Injectable()
export class DueProbes {
  private readonly asked = new Map<string, number>();

  constructor(
    private readonly queue: ProbeQueue,
    private readonly events: ProbeEvents,
    private readonly clock: Clock,
  ) {}

  /** Any number of failures ask for the same probe. */
  askOnce(target: ProbeTarget, atMs: number, revision: number): void {
    const name = probeKey(target);
    const nowMs = this.clock.nowMs();
    // It is there already, for this cooldown or for another model behind the same door.
    if ((this.asked.get(name) ?? 0) > nowMs) return;
    this.asked.delete(name);
    this.asked.set(name, atMs);
    const [oldest] = this.asked.keys();
    if (this.asked.size > askedMax && oldest !== undefined) this.asked.delete(oldest);
    const probe = {
      name: `${name} ${Math.floor(atMs / slotMs)}`,
      ...{ target, revision },
      delayMs: Math.max(0, atMs - nowMs),
    };
    this.queue.add([probe]).catch((error: unknown) => this.events.failed('recheck', error));
  }
}
