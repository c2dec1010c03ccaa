import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '@aisbf/faults';
import { Log } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { VideoJobBook } from './video-job-book.js';
import { Videos } from './videos.js';

export class VideoWatchSettings {
  constructor(
    readonly everyMs: number,
    /** A film is left alone for so long after somebody has looked. */
    readonly againInMs: number,
    readonly looksMax: number,
  ) {}
}

/** Looks after films whose buyers do not ask: whoever has made one is paid all the same. */
@Injectable()
export class VideoWatch {
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;

  constructor(
    private readonly book: VideoJobBook,
    private readonly videos: Videos,
    private readonly log: Log,
    private readonly settings: VideoWatchSettings,
  ) {}

  start(): void {
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await this.round();
      await delay(this.settings.everyMs, undefined, { signal }).catch(() => undefined);
    }
  }

  private async round(): Promise<void> {
    const { looksMax, againInMs } = this.settings;
    await this.tolerant(async () => {
      const jobs = await this.book.takeDue(looksMax, againInMs);
      const look = (job: (typeof jobs)[number]) =>
        this.tolerant(() => this.videos.look(job), job.id);
      await Promise.all(jobs.map(look));
    });
  }

  /** Whoever is away now is asked again later. */
  private async tolerant(act: () => Promise<unknown>, videoId?: string): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (error instanceof Fault)
        this.log.debug({ videoId, error }, 'a film could not be looked at');
      else this.log.error({ videoId, error }, 'a bug');
    }
  }
}
