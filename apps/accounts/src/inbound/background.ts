import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { BusStreams } from '../services/bus-streams.js';
import { LedgerEvents } from '../services/ledger-events.js';
import { LedgerReader } from '../services/ledger-store.js';
import { OutboxRelay } from '../services/outbox-relay.js';
import { Reaper } from '../services/reaper.js';

export class BackgroundIntervals {
  constructor(
    readonly reaperMs: number,
    readonly outboxMs: number,
    readonly violationsMs: number,
    readonly streamsMs: number,
  ) {}
}

/** The work that no request asks for. Each job runs again some time after it ended, never beside itself. */
@Injectable()
export class Background implements OnApplicationShutdown {
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly running = new Set<Promise<void>>();
  private isStopped = false;

  constructor(
    private readonly intervals: BackgroundIntervals,
    private readonly reaper: Reaper,
    private readonly relay: OutboxRelay,
    private readonly reader: LedgerReader,
    private readonly streams: BusStreams,
    private readonly events: LedgerEvents,
  ) {}

  start(): void {
    this.repeat('reaper', this.intervals.reaperMs, () => this.reaper.reap());
    this.repeat('outbox', this.intervals.outboxMs, () => this.relay.relay());
    this.repeat('streams', this.intervals.streamsMs, () => this.streams.ensure());
    this.repeat('violations', this.intervals.violationsMs, async () =>
      this.events.checked(await this.reader.violations()),
    );
  }

  async onApplicationShutdown(): Promise<void> {
    this.isStopped = true;
    for (const timer of this.timers) clearTimeout(timer);
    await Promise.all(this.running);
  }

  private repeat(what: string, intervalMs: number, job: () => Promise<unknown>): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      const run = this.run(what, job).finally(() => {
        this.running.delete(run);
        if (!this.isStopped) this.repeat(what, intervalMs, job);
      });
      this.running.add(run);
    }, intervalMs);
    this.timers.add(timer);
  }

  private async run(what: string, job: () => Promise<unknown>): Promise<void> {
    try {
      await job();
    } catch (error) {
      this.events.failed(what, error);
    }
  }
}
