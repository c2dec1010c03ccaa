import type { Candidate, Plan, Units } from '@aisbf/contracts';

/** An answer that only promises what was asked for: what it says, by whom, and what that will cost when it is there. */
export type DeferredAnswer = Readonly<{
  body: Buffer;
  plan: Plan;
  position: number;
  candidate: Candidate;
  units: Units;
}>;

/** Keeps the promise in mind, and gives what the buyer is told of it. */
export type TakeDeferred = (answer: DeferredAnswer) => Promise<Buffer>;
