import type { Candidate, Plan, Units } from '@aisbf/contracts';
import type { Usage } from '@aisbf/openai';
import type { Delivery } from '../domain/delivery.js';
import type { AnswerEnd } from '../domain/progress.js';
import type { Work } from '../domain/work.js';
import type { Exchange, RelayEnd } from './answer-relay.js';
import type { Buyer, Waiter } from './buyer.js';

export type Passage<Waiting extends Waiter = Buyer> = Readonly<{
  exchange: Omit<Exchange, 'limits' | 'dialect' | 'telling' | 'buyer'> &
    Readonly<{ buyer: Waiting }>;
  work: Work;
  plan: Plan;
  position: number;
  candidate: Candidate;
  promptTokens: number;
  startedAtMs: number;
}>;

/** By which hold a passage is paid for, and at whose prices. */
export function heldBy({ plan, position }: Pick<Passage<Waiter>, 'plan' | 'position'>) {
  const { requestId, holdEpoch, ticket } = plan;
  return { requestId, holdEpoch, ticket, servedPosition: position };
}

/** What is reported of what was delivered. */
export type Bill = Readonly<{
  units: Units;
  usage: Usage | null;
  finishReason: string | null;
  hasContent: boolean;
  /** Where the hold was renewed meanwhile: when it ends. */
  holdExpiresAtMs?: number;
}>;

export type Passed = Readonly<{
  relayed: RelayEnd;
  delivery: Delivery;
  outputTokensHeld: number | null;
  /** Where more than one answer was delivered: what they come to, and how they ended. */
  bill?: Bill & Readonly<{ end: AnswerEnd }>;
}>;

/** Passes on to the buyer what a candidate answers. */
export abstract class Relay<Waiting extends Waiter = Buyer> {
  abstract run(passage: Passage<Waiting>): Promise<Passed>;
}
