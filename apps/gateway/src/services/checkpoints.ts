import assert from 'node:assert';
import type { Checkpoint, CheckpointResult, Progress } from '@aisbf/contracts';
import { Clock, Log } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import type { SoFar } from '../domain/so-far.js';

/** Also the DI token. */
export class CheckpointSettings {
  constructor(
    /** How long a request runs before it is looked at, and how often then; 0 is never. */
    readonly everyMs: number,
    /** How many go in one call. */
    readonly itemsMax: number,
  ) {}
}

/** Where it is kept what running requests have come to. */
export abstract class CheckpointKeeper {
  /** Throws a fault where nothing is known of them; then they are told again. */
  abstract keep(checkpoints: readonly Checkpoint[]): Promise<readonly CheckpointResult[]>;
}

/** A request that runs, and how far it has got: undefined while there is nothing to pay for. */
export type Watched = Omit<Checkpoint, 'progress'> & Readonly<{ soFar: () => SoFar | undefined }>;

type Entry = Watched & { readonly sinceMs: number; told: string };

/**
 * Tells accounts now and then what long requests have delivered, so that it is not lost with this process. Requests that
 * end before they are looked at cost nothing but a place in a set.
 */
@Injectable()
export class Checkpoints {
  private readonly watched = new Set<Entry>();
  private ordinal = 0;

  constructor(
    private readonly keeper: CheckpointKeeper,
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly settings: CheckpointSettings,
  ) {}

  /** Until the function that this gives is called. */
  watch(request: Watched): () => void {
    const entry = { ...request, sinceMs: this.clock.nowMs(), told: '' };
    this.watched.add(entry);
    return () => this.watched.delete(entry);
  }

  /** In the order in which this process has looked: a late one changes nothing. */
  progressOf(soFar: SoFar): Progress {
    this.ordinal += 1;
    return { ordinal: this.ordinal, ...soFar };
  }

  /** Tells of all that have run for a while and got further. What fails is told with the next round. */
  async round(): Promise<void> {
    const { everyMs, itemsMax } = this.settings;
    const startedAtMs = this.clock.nowMs();
    const due = [...this.watched].filter(({ sinceMs }) => startedAtMs - sinceMs >= everyMs);
    try {
      for (let place = 0; place < due.length; place += itemsMax) {
        await this.tell(due.slice(place, place + itemsMax));
      }
    } catch (error) {
      this.log.warn({ error, requests: due.length }, 'what runs could not be told to accounts');
    }
  }

  private async tell(due: readonly Entry[]): Promise<void> {
    const news = due.flatMap((entry) => this.newsOf(entry) ?? []);
    if (news.length === 0) return;
    const results = await this.keeper.keep(news.map(({ checkpoint }) => checkpoint));
    assert(results.length === news.length, 'each checkpoint has an answer');
    for (const [place, { entry, text }] of news.entries()) {
      if (results[place] !== 'busy') entry.told = text;
    }
  }

  /** One that has ended meanwhile, or stands where it stood, has none. */
  private newsOf(entry: Entry) {
    const soFar = this.watched.has(entry) ? entry.soFar() : undefined;
    const text = JSON.stringify(soFar);
    if (!soFar || text === entry.told) return undefined;
    const { requestId, holdEpoch, ticket, servedPosition } = entry;
    const progress = this.progressOf(soFar);
    return { entry, text, checkpoint: { requestId, holdEpoch, ticket, servedPosition, progress } };
  }
}
