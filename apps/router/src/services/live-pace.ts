import type { AttemptEnded, AttemptOutrun } from '@aisbf/contracts';
import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { type Pace, paceSample, unknownPace } from '../domain/pace.js';
import { PaceRecord, type WindowPace } from '../domain/pace-record.js';

export class PaceSettings {
  constructor(
    /** A window with fewer requests says too little; the next longer one is asked. */
    readonly requestsMin: number,
    /** How many providers' models are remembered; beyond it the one that was used longest ago is forgotten. */
    readonly entriesMax: number,
  ) {}
}

/** Figures are added up anew after this long: hundreds of plans a second read the same ones. */
const freshMs = 1_000;

type Entry = {
  readonly providerId: string;
  readonly model: string;
  readonly record: PaceRecord;
  figured: Readonly<{ pace: Pace; atMs: number }> | undefined;
};

/** How fast each provider's model is, as the gateways measure it; every replica hears the same. */
@Injectable()
export class LivePace {
  /** The one that was used longest ago first. */
  private readonly entries = new Set<Entry>();
  /** By provider and model. One key for both would have to be made anew for each question. */
  private readonly byProvider = new Map<string, Map<string, Entry>>();

  constructor(
    private readonly clock: Clock,
    private readonly settings: PaceSettings,
  ) {}

  get size(): number {
    return this.entries.size;
  }

  onAttemptEnded(ended: AttemptEnded): void {
    const sample = paceSample(ended);
    if (!ended.isSuccess || (sample.firstMs === null && sample.tokensPerS === null)) return;
    // A gateway whose clock is ahead must not put the present behind it.
    this.add(ended, (record, atMs) => record.add(sample, atMs));
  }

  /** Its first byte takes at least so long: as good a figure as there is of one that nobody waits for. */
  onOutrun({ waitedMs, ...outrun }: AttemptOutrun): void {
    this.add(outrun, (record, atMs) => record.add({ firstMs: waitedMs, tokensPerS: null }, atMs));
  }

  /** Counts as a stream, and is told apart where the windows are shown. */
  onProbe(providerId: string, model: string, firstMs: number, atMs: number): void {
    this.add({ providerId, model, atMs }, (record, at) => record.addProbe(firstMs, at));
  }

  private add(
    { providerId, model, atMs }: Readonly<{ providerId: string; model: string; atMs: number }>,
    put: (record: PaceRecord, atMs: number) => void,
  ): void {
    const entry = this.entryOf(providerId, model);
    put(entry.record, Math.min(atMs, this.clock.nowMs()));
    this.entries.delete(entry);
    this.entries.add(entry);
    const [oldest] = this.entries;
    if (this.entries.size > this.settings.entriesMax && oldest) this.forget(oldest);
  }

  /** By the model's name at the provider. */
  of(providerId: string, modelThere: string): Pace {
    const entry = this.find(providerId, modelThere);
    if (!entry) return unknownPace;
    const nowMs = this.clock.nowMs();
    if (!entry.figured || Math.abs(nowMs - entry.figured.atMs) >= freshMs) {
      const pace = entry.record.paceAt(nowMs, this.settings.requestsMin);
      entry.figured = { pace, atMs: nowMs };
    }
    return entry.figured.pace;
  }

  /** Each window of it; undefined where nothing was measured. */
  windowsOf(providerId: string, modelThere: string): readonly WindowPace[] | undefined {
    return this.find(providerId, modelThere)?.record.windowsAt(this.clock.nowMs());
  }

  private find(providerId: string, model: string): Entry | undefined {
    return this.byProvider.get(providerId)?.get(model);
  }

  private entryOf(providerId: string, model: string): Entry {
    const known = this.find(providerId, model);
    if (known) return known;
    const entry = { providerId, model, record: new PaceRecord(), figured: undefined };
    const ofProvider = this.byProvider.get(providerId) ?? new Map<string, Entry>();
    this.byProvider.set(providerId, ofProvider.set(model, entry));
    return entry;
  }

  private forget(entry: Entry): void {
    const { providerId, model } = entry;
    const ofProvider = this.byProvider.get(providerId);
    this.entries.delete(entry);
    ofProvider?.delete(model);
    if (ofProvider?.size === 0) this.byProvider.delete(providerId);
  }
}
