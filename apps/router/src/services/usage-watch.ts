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

type Watched = { window: UsageWindow; said: UsageVerdict };

/**
 * Compares what sellers say they used with our own counts, and marks in the catalogue whose figures are off. Bills do
 * not depend on it. Each router watches by itself; the mark is what they agree on.
 */
@Injectable()
export class UsageWatch {
  private readonly watched = new Map<string, Watched>();
  private readonly running = new Set<Promise<void>>();
  /** Of which models the catalogue had a mark when it was served last. */
  private marked: ReadonlySet<string> = new Set();
  /** When a mark was gone: it begins anew, whatever is still heard of what was before. */
  private readonly liftedAtMs = new Map<string, number>();

  constructor(
    private readonly live: LiveCatalogue,
    private readonly editing: CatalogueEditing,
    private readonly clock: Clock,
    private readonly events: RouterEvents,
    private readonly settings: UsageWatchSettings,
  ) {
    live.onServed(() => this.onServed());
  }

  learn(usage: Usage): void {
    const { providerId, model, sellerOwnerId, ownerId, units, reported, outcome, atMs } = usage;
    if (providerId === null || model === null || outcome !== 'completed') return;
    if (this.live.revision === 0) return;
    // Who serves oneself pays nothing, and may count as one likes.
    if (!reported || sellerOwnerId === ownerId) return;
    if (atMs <= (this.liftedAtMs.get(keyOf(providerId, model)) ?? 0)) return;
    const one = this.watchedOf(providerId, model);
    one.window.add(units, reported);
    if (one.window.isFull) this.judge(providerId, model, one);
  }

  /** Resolves when everything that was seen is in the catalogue. */
  async stop(): Promise<void> {
    await Promise.all(this.running);
  }

  private onServed(): void {
    const marked = new Set(this.live.current().usageCheckByModel.keys());
    for (const key of this.marked) {
      if (marked.has(key)) continue;
      this.watched.delete(key);
      this.remember(this.liftedAtMs, key, this.clock.nowMs());
    }
    this.marked = marked;
  }

  private watchedOf(providerId: string, model: string): Watched {
    const key = keyOf(providerId, model);
    const mark = usageCheckOf(this.live.current(), providerId, model);
    const known = this.watched.get(key);
    const one = known ?? { window: new UsageWindow(this.settings.requestsMax), said: 'fine' };
    if (mark) one.said = mark.state;
    this.remember(this.watched, key, one);
    return one;
  }

  /** The one of the longest ago gives way. */
  private remember<Value>(memory: Map<string, Value>, key: string, value: Value): void {
    memory.delete(key);
    memory.set(key, value);
    const [oldest] = memory.keys();
    if (memory.size > this.settings.entriesMax && oldest !== undefined) memory.delete(oldest);
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

function keyOf(providerId: string, model: string): string {
  return `${providerId} ${model}`;
}
