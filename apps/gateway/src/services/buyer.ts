import type { Fault } from '@aisbf/faults';
import type { Telling } from '@aisbf/openai';

/** What every answer says in its headers. */
export type AnswerHead = Readonly<{
  provider: string;
  attempts: number;
  /** Which of the request's routes has led here, where that is known. */
  route?: string;
  /** Who had failed before. */
  fallbackFrom?: string;
  /** It was given before, to this request. */
  replayOf?: string;
}>;

/** Whoever waits for what has been asked for. */
export abstract class Waiter {
  /** Aborted when the buyer hangs up. */
  abstract readonly left: AbortSignal;
  /** The request's time is over: a buyer who has not read what was written by now counts as gone. */
  abstract expire(): void;
}

/** The buyer's end of one request: where the answer goes, and the news that nobody waits for it. */
export abstract class Buyer extends Waiter {
  /** A whole answer. False where the buyer had left. */
  abstract answer(head: AnswerHead, status: number, contentType: string, body: Uint8Array): boolean;
  abstract beginStream(head: AnswerHead): void;
  /** An answer that is no text, piece by piece. */
  abstract beginBytes(head: AnswerHead, contentType: string): void;
  /** Waits while the buyer reads more slowly than the upstream writes. Says when all of it has left. */
  abstract write(bytes: Uint8Array, onLeft: () => void): Promise<void>;
  /** Resolves when everything has left; false where the buyer hung up before. */
  abstract endStream(): Promise<boolean>;
  /** Tells of a cut in the stream in the words of its endpoint, then breaks the connection: this is never a clean end. */
  abstract breakStream(fault: Fault, eventOf: Telling['failed']): void;
  /** Breaks the connection: bytes have no words for what went wrong. */
  abstract breakBytes(): void;
}
