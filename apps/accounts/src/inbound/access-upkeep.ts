import { subjects, Usage } from '@aisbf/contracts';
import { Log, NatsBus } from '@aisbf/platform';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { z } from 'zod';
import { AccessStore } from '../services/revocations.js';
import { TokenUse } from '../services/token-use.js';

export class UpkeepSettings {
  constructor(
    readonly tokenUseMs: number,
    readonly accessChangesKeptMs: number,
  ) {}
}

/** What of `UsageSettled` is read here: every replica hears of every request, and the rest is not its to check. */
const TokensUsed = z.object({
  usages: z.array(z.object({ apiTokenId: Usage.shape.apiTokenId, atMs: Usage.shape.atMs })),
});

/** How much longer than the age that is looked for it may take until it is seen: a quarter. */
const looksPerAge = 4;

/** Keeps the records of access in order: when tokens were last used, and nothing that nobody needs. */
@Injectable()
export class AccessUpkeep implements OnApplicationShutdown {
  private timers: readonly NodeJS.Timeout[] = [];
  /** One job at a time; each replica does them all, since none does harm twice. */
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly bus: NatsBus,
    private readonly use: TokenUse,
    private readonly access: AccessStore,
    private readonly settings: UpkeepSettings,
    private readonly log: Log,
  ) {}

  start(): void {
    this.bus.subscribe(subjects.usageSettled, TokensUsed, ({ usages }) => {
      for (const { apiTokenId, atMs } of usages) this.use.note(apiTokenId, atMs);
    });
    const { tokenUseMs, accessChangesKeptMs } = this.settings;
    this.timers = [
      setInterval(() => this.run(() => this.use.flush()), tokenUseMs),
      setInterval(
        () => this.run(() => this.access.prune(accessChangesKeptMs)),
        accessChangesKeptMs / looksPerAge,
      ),
    ];
  }

  async onApplicationShutdown(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    this.run(() => this.use.flush());
    await this.running;
  }

  private run(job: () => Promise<void>): void {
    this.running = this.running.then(job).catch((error: unknown) => {
      this.log.warn({ error }, 'upkeep of access failed and will be tried again');
    });
  }
}
