import type { ProbeRound } from '../domain/probe-rounds.js';
import type { ProbeTarget } from '../domain/probe-target.js';

/** A probe that is to be made once, by whichever replica. */
export type DueProbe = Readonly<{
  /** The same for the same probe: whoever wants it again has nothing to add. */
  name: string;
  target: ProbeTarget;
  delayMs: number;
  /** Of the catalogue that it is asked for by. */
  revision: number;
}>;

/** Shares the work among the replicas. */
export abstract class ProbeQueue {
  /** Has these rounds made and no others. */
  abstract ensure(rounds: ReadonlyMap<string, ProbeRound>): Promise<void>;
  abstract add(probes: readonly DueProbe[]): Promise<void>;
}
