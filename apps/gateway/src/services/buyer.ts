import type { Fault } from '@aisbf/faults';

/** What every answer says in its headers. */
export type AnswerHead = Readonly<{ provider: string; attempts: number }>;

/** The buyer's end of one request: where the answer goes, and the news that nobody waits for it. */
export abstract class Buyer {
  /** Aborted when the buyer hangs up. */
  abstract readonly left: AbortSignal;
  /** A whole answer. False where the buyer had left. */
  abstract answer(head: AnswerHead, status: number, contentType: string, body: Uint8Array): boolean;
  abstract beginStream(head: AnswerHead): void;
  /** Waits while the buyer reads more slowly than the upstream writes. */
  abstract write(bytes: Uint8Array): Promise<void>;
  abstract endStream(): void;
  /** Tells of a cut in the stream, then breaks the connection: this is never a clean end. */
  abstract breakStream(fault: Fault): void;
}
