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
  readonly record: PaceRecord;
  figured: Readonly<{ pace: Pace; atMs: number }> | undefined;
};

/** How fast each provider's model is by each endpoint, as the gateways measure it; every replica hears the same. */
@Injectable()
export class LivePace {
  private readonly entries = new Map<string, Entry>();

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
    const name = keyOf(providerId, model, endpoint);
    const entry = this.entries.get(name) ?? { record: new PaceRecord(), figured: undefined };
    put(entry.record, Math.min(atMs, this.clock.nowMs()));
    // The one that was used last goes last.
    this.entries.delete(name);
    this.entries.set(name, entry);
    const [oldest] = this.entries.keys();
    if (this.entries.size > this.settings.entriesMax && oldest !== undefined) {
      this.entries.delete(oldest);
    }
  }

  /** By the model's name at the provider. */
  of(providerId: string, modelThere: string, endpoint?: EndpointName): Pace {
    const entry = this.entries.get(keyOf(providerId, modelThere, endpoint));
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
    const entry = this.entries.get(keyOf(providerId, modelThere, endpoint));
    return entry?.record.windowsAt(this.clock.nowMs());
  }
}

function keyOf(
  providerId: string,
  modelThere: string,
  endpoint: EndpointName = chatEndpoint,
): string {
  return `${providerId}\n${modelThere}\n${endpoint}`;
}
