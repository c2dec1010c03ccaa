import type { Usage } from '@aisbf/contracts';
import { familyOf } from '@aisbf/metering';
import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { usageCheckOf } from '../domain/catalogue.js';
import {
  differenceBpsOf,
  type UsageLimits,
  type UsageVerdict,
  UsageWindow,
  usageVerdict,
} from '../domain/usage-window.js';
import { RouterEvents } from '../events.js';
import { CatalogueEditing } from './catalogue-editing.js';
import { LiveCatalogue } from './live-catalogue.js';

export class UsageWatchSettings {
  constructor(
    /** How many requests are looked at together. */
    readonly requestsMax: number,
    readonly limits: UsageLimits,
    /** Models of providers that are watched at once. */
    readonly entriesMax: number,
  ) {}
}

type Watched = {
  window: UsageWindow;
  said: UsageVerdict;
  /** Its mark was in the catalogue: when it is gone, somebody has lifted it, and it begins anew. */
  wasMarked: boolean;
};

/**
 * Compares what sellers say they used with our own counts, and marks in the catalogue whose figures are off. Bills do
 * not depend on it. Each router watches by itself; the mark is what they agree on.
 */
@Injectable()
export class UsageWatch {
  private readonly watched = new Map<string, Watched>();
  private readonly running = new Set<Promise<void>>();

  constructor(
    private readonly live: LiveCatalogue,
    private readonly editing: CatalogueEditing,
    private readonly clock: Clock,
    private readonly events: RouterEvents,
    private readonly settings: UsageWatchSettings,
  ) {}

  learn({ providerId, model, sellerOwnerId, ownerId, units, reported, outcome }: Usage): void {
    if (providerId === null || model === null || outcome !== 'completed') return;
    if (this.live.revision === 0) return;
    // Who serves oneself pays nothing, and may count as one likes.
    if (!reported || sellerOwnerId === ownerId) return;
    const one = this.watchedOf(providerId, model);
    one.window.add(units, reported);
    if (one.window.isFull) this.judge(providerId, model, one);
  }

  /** Resolves when everything that was seen is in the catalogue. */
  async stop(): Promise<void> {
    await Promise.all(this.running);
  }

  private watchedOf(providerId: string, model: string): Watched {
    const key = `${providerId} ${model}`;
    const mark = usageCheckOf(this.live.current(), providerId, model);
    const known = this.watched.get(key);
    const isLifted = known?.wasMarked === true && !mark;
    const one: Watched =
      known && !isLifted
        ? known
        : { window: new UsageWindow(this.settings.requestsMax), said: 'fine', wasMarked: false };
    if (mark) {
      one.wasMarked = true;
      one.said = mark.state;
    }
    this.watched.delete(key);
    this.watched.set(key, one);
    const [oldest] = this.watched.keys();
    if (this.watched.size > this.settings.entriesMax && oldest !== undefined)
      this.watched.delete(oldest);
    return one;
  }

  private judge(providerId: string, model: string, one: Watched): void {
    const { figures } = one.window;
    const differenceBps = differenceBpsOf(figures);
    const verdict = usageVerdict(differenceBps, this.settings.limits, familyOf(model).deviation);
    // Only a person lifts a pause.
    if (verdict === one.said || one.said === 'paused') return;
    const former = one.said;
    one.said = verdict;
    const change =
      verdict === 'fine'
        ? ({ type: 'usage-check-delete', providerId, model, state: 'flagged' } as const)
        : ({
            type: 'usage-check-put',
            check: {
              providerId,
              model,
              state: verdict,
              differenceBps,
              requests: figures.requests,
              ourTokens: figures.ours.prompt + figures.ours.output,
              reportedTokens: figures.reported.prompt + figures.reported.output,
              sinceMs: this.clock.nowMs(),
            },
          } as const);
    const committed = this.editing
      .commit(change, null)
      .then(() => this.events.usageJudged({ providerId, model, verdict, differenceBps }))
      .catch((error: unknown) => {
        // With its next request it is judged again.
        one.said = former;
        this.events.usageMarkFailed(error);
      })
      .finally(() => this.running.delete(committed));
    this.running.add(committed);
  }
}
