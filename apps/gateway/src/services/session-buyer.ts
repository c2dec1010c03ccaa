import type { MarketReason } from '../domain/session-end.js';
import { type AnswerHead, Waiter } from './buyer.js';
import type { Frames } from './frames.js';

/** The buyer's end of a session. */
export abstract class SessionBuyer extends Waiter {
  /** Aborted, with a `MarketReason`, where the market ends the session at once. */
  abstract readonly over: AbortSignal;
  /** Aborted where nothing more is to be begun. */
  abstract readonly leaving: AbortSignal;
  /** Completes the upgrade: from here on failures are events. */
  abstract open(head: AnswerHead): Promise<Frames>;
  /** With which code it is closed when everything else is done. */
  abstract closeWith(code: number | undefined, reason: string): void;
}

/** Why the market has ended it. */
export function reasonOf({ reason }: AbortSignal): MarketReason {
  return reason as MarketReason;
}
