import { CatalogueChanged, subjects } from '@aisbf/contracts';
import { NatsBus } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { RouterEvents } from '../events.js';
import { LiveCatalogue } from '../services/live-catalogue.js';

export class CatalogueWatchSettings {
  constructor(readonly pollMs: number) {}
}

/** Keeps the newest catalogue in memory: told of changes at once, and looking now and then. */
@Injectable()
export class CatalogueWatch {
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  private isTold = false;

  constructor(
    private readonly bus: NatsBus,
    private readonly live: LiveCatalogue,
    private readonly events: RouterEvents,
    private readonly settings: CatalogueWatchSettings,
  ) {}

  /** Resolves after the first look, whatever it brought; a store that is away is looked for again. */
  async start(): Promise<void> {
    this.bus.subscribe(subjects.catalogueChanged, CatalogueChanged, ({ revision }) => {
      if (revision > this.live.revision) void this.look();
    });
    this.timer = setInterval(() => void this.look(), this.settings.pollMs);
    await this.look();
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.looking;
  }

  /** One look at a time; being told during one makes it look once more. Never rejects. */
  private look(): Promise<void> {
    this.isTold = true;
    this.looking ??= this.lookWhileTold().finally(() => {
      this.looking = undefined;
    });
    return this.looking;
  }

  private async lookWhileTold(): Promise<void> {
    try {
      while (this.isTold) {
        this.isTold = false;
        const before = this.live.revision;
        const { revision } = await this.live.refresh();
        if (revision !== before) this.events.catalogueServed(revision);
      }
    } catch (error) {
      this.events.catalogueUnreachable(error);
    }
  }
}
