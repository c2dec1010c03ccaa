import { createHash } from 'node:crypto';
import { SharedQueue } from '@aisbf/queues';
import type { OnApplicationShutdown } from '@nestjs/common';
import { faults } from '../domain/faults.js';
import type { ProbeRound } from '../domain/probe-rounds.js';
import { type DueProbe, ProbeQueue } from '../services/probe-queue.js';

/** What the queue carries: rounds by the clock, and single probes. */
type ProbeJob = Readonly<{
  kind: string;
  providerId: string;
  revision: number;
  target?: Readonly<{ sessionId: string | null; model: string | null }>;
}>;

/** A round that is this late has been lost: the replica that had it died before it had put the next one into the queue. */
const lateMs = 60_000;

/** Redis through BullMQ. It keeps nothing that is not found again: rounds are made from the catalogue. */
export class BullProbeQueue extends ProbeQueue implements OnApplicationShutdown {
  private queue: SharedQueue<ProbeJob> | undefined;

  constructor(
    private readonly options: Readonly<{ url: string; name: string }>,
    private readonly onError: (error: unknown) => void,
  ) {
    super();
  }

  async ensure(rounds: ReadonlyMap<string, ProbeRound>): Promise<void> {
    const queue = this.opened();
    const there = await queue.repeated();
    for (const [name, { everyMs, ...round }] of rounds) {
      const known = there.get(name);
      const isLost = known !== undefined && known.nextAtMs + everyMs + lateMs < Date.now();
      if (known?.everyMs === everyMs && !isLost) continue;
      await queue.repeatAnew(name, everyMs, round);
    }
    for (const name of there.keys()) if (!rounds.has(name)) await queue.stopRepeating(name);
  }

  async add(probes: readonly DueProbe[]): Promise<void> {
    if (probes.length === 0) return;
    await this.opened().add(
      probes.map(({ name, target: { kind, providerId, sessionId, model }, delayMs, revision }) => ({
        name: kind,
        data: { kind, providerId, revision, target: { sessionId, model } },
        // Names of models hold what an id may not.
        opts: { jobId: `probe-${createHash('sha256').update(name).digest('hex')}`, delay: delayMs },
      })),
    );
  }

  async onApplicationShutdown(): Promise<void> {
    await this.queue?.close();
  }

  /** Where nothing is probed nothing is connected to. */
  private opened(): SharedQueue<ProbeJob> {
    this.queue ??= new SharedQueue<ProbeJob>({
      ...this.options,
      unavailable: faults.PROBE_QUEUE_UNAVAILABLE,
      onError: this.onError,
    });
    return this.queue;
  }
}
