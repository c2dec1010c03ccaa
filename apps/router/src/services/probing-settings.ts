import type { RoundSettings } from '../domain/probe-rounds.js';

/** How long one that keeps failing is left alone: the shortest time, twice as long after each further failure. */
export type RestSettings = Readonly<{ baseMs: number; maxMs: number }>;

/** How long an answer may take. */
export type ProbeTimes = Readonly<{
  modelsMsMax: number;
  completionMsMax: number;
  /** That a worker warms up is no failure. */
  warmUpMsMax: number;
}>;

export class ProbingSettings {
  constructor(
    /** Where it is off nothing is probed, whatever owners say. */
    readonly isOn: boolean,
    readonly rounds: RoundSettings,
    /** How many of its workers or models one round of a provider asks. */
    readonly roundMax: number,
    readonly rest: RestSettings,
    readonly times: ProbeTimes,
    readonly outputTokens: number,
  ) {}
}
