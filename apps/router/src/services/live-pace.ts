import {
  type AttemptEnded,
  type AttemptOutrun,
  chatEndpoint,
  type EndpointName,
} from '@aisbf/contracts';
import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { type Pace, paceSample, unknownPace } from '../domain/pace.js';
import { PaceRecord, type WindowPace } from '../domain/pace-record.js';

export class PaceSettings {
  constructor(
    /** A window with fewer requests says too little; the next longer one is asked. */
    readonly requestsMin: number,
    /** How many endpoints of providers' models are remembered; beyond it the one that was used longest ago is forgotten. */
    readonly entriesMax: number,
  ) {}
}

/** Figures are added up anew after this long: hundreds of plans a second read the same ones. */
const freshMs = 1_000;

type Measured = Pick<AttemptEnded, 'providerId' | 'model' | 'endpoint' | 'atMs'>;

type Entry = {
  readonly providerId: string;
  readonly model: string;
  readonly endpoint: EndpointName;
  readonly record: PaceRecord;
  figured: Readonly<{ pace: Pace; atMs: number }> | undefined;
};

/** How fast each provider's model is by each endpoint, as the gateways measure it; every replica hears the same. */
@Injectable()
export class LivePace {
  /** The one that was used longest ago first. */
  private readonly entries = new Set<Entry>();
  /** Then by provider, then by model. One key for all three would have to be made anew for each question. */
  private readonly byEndpoint = new Map<EndpointName, Map<string, Map<string, Entry>>>();

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
    { providerId, model, endpoint, atMs }: Measured,
    put: (record: PaceRecord, atMs: number) => void,
  ): void {
    const entry = this.entryOf(providerId, model, endpoint);
    put(entry.record, Math.min(atMs, this.clock.nowMs()));
    this.entries.delete(entry);
    this.entries.add(entry);
    const [oldest] = this.entries;
    if (this.entries.size > this.settings.entriesMax && oldest) this.forget(oldest);
  }

  /** By the model's name at the provider. */
  of(providerId: string, modelThere: string, endpoint?: EndpointName): Pace {
    const entry = this.find(providerId, modelThere, endpoint);
    if (!entry) return unknownPace;
    const nowMs = this.clock.nowMs();
    if (!entry.figured || Math.abs(nowMs - entry.figured.atMs) >= freshMs) {
      const pace = entry.record.paceAt(nowMs, this.settings.requestsMin);
      entry.figured = { pace, atMs: nowMs };
    }
    return entry.figured.pace;
  }

  /** Each window of it; undefined where nothing was measured. */
  windowsOf(
    providerId: string,
    modelThere: string,
    endpoint?: EndpointName,
  ): readonly WindowPace[] | undefined {
    const entry = this.find(providerId, modelThere, endpoint);
    return entry?.record.windowsAt(this.clock.nowMs());
  }

  private find(
    providerId: string,
    model: string,
    endpoint: EndpointName = chatEndpoint,
  ): Entry | undefined {
    return this.byEndpoint.get(endpoint)?.get(providerId)?.get(model);
  }

  private entryOf(providerId: string, model: string, endpoint: EndpointName = chatEndpoint): Entry {
    const known = this.find(providerId, model, endpoint);
    if (known) return known;
    const named = { providerId, model, endpoint };
    const entry = { ...named, record: new PaceRecord(), figured: undefined };
    const byProvider = this.byEndpoint.get(endpoint) ?? new Map<string, Map<string, Entry>>();
    this.byEndpoint.set(endpoint, byProvider);
    const ofProvider = byProvider.get(providerId) ?? new Map<string, Entry>();
    byProvider.set(providerId, ofProvider.set(model, entry));
    return entry;
  }

  private forget(entry: Entry): void {
    const { providerId, model, endpoint } = entry;
    const byProvider = this.byEndpoint.get(endpoint);
    const ofProvider = byProvider?.get(providerId);
    this.entries.delete(entry);
    ofProvider?.delete(model);
    if (ofProvider?.size === 0) byProvider?.delete(providerId);
  }
}
