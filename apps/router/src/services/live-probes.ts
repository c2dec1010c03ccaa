import { type AttemptEnded, chatEndpoint, type ProbeEnded } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { type ProbeTarget, probeKey } from '../domain/probe-target.js';

/** The latest probe of one target. */
export type LatestProbe = Readonly<{
  ended: ProbeEnded;
  /** How many have failed in a row, up to it. */
  failures: number;
}>;

type Served = Pick<AttemptEnded, 'providerId' | 'sessionId' | 'model' | 'endpoint'>;

export class LiveProbesSettings {
  /** How many targets' latest probes are remembered; beyond it the one probed longest ago is forgotten. */
  constructor(readonly entriesMax: number) {}
}

/** How probes have ended, as whoever makes them tells; every replica hears the same. */
@Injectable()
export class LiveProbes {
  private readonly latest = new Map<string, LatestProbe>();

  constructor(private readonly settings: LiveProbesSettings) {}

  get size(): number {
    return this.latest.size;
  }

  /** Of two that arrive in the wrong order the later one stays. */
  onProbeEnded(ended: ProbeEnded): void {
    const name = probeKey(ended);
    const known = this.latest.get(name);
    if (known && known.ended.atMs > ended.atMs) return;
    this.latest.delete(name);
    this.latest.set(name, { ended, failures: failuresAfter(known?.failures ?? 0, ended) });
    const [oldest] = this.latest.keys();
    if (this.latest.size > this.settings.entriesMax && oldest !== undefined) {
      this.latest.delete(oldest);
    }
  }

  /** A buyer was served: what probes have met before is over, that of completions where it was chat. */
  onServed({ providerId, sessionId, model, endpoint = chatEndpoint }: Served): void {
    const list: ProbeTarget = { kind: 'models', providerId, sessionId, model: null };
    const completion: ProbeTarget = { kind: 'completion', providerId, sessionId, model };
    const targets = endpoint === chatEndpoint ? [list, completion] : [list];
    for (const target of targets) {
      const known = this.of(target);
      if (known) this.latest.set(probeKey(target), { ...known, failures: 0 });
    }
  }

  of(target: ProbeTarget): LatestProbe | undefined {
    return this.latest.get(probeKey(target));
  }

  ofProvider(providerId: string): readonly LatestProbe[] {
    return [...this.latest.values()].filter(({ ended }) => ended.providerId === providerId);
  }
}

function failuresAfter(failures: number, { outcome }: ProbeEnded): number {
  if (outcome === 'failed') return failures + 1;
  return outcome === 'well' ? 0 : failures;
}
