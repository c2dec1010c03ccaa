import type { AnswerHead, Reply } from '@aisbf/broker-protocol';
import type { Fault } from '@aisbf/faults';

/** Where the answer to one request goes. Either `whole`, or `start`, any `bytes` and `end`; or `fail`, once. */
export abstract class ReplySink {
  abstract whole(reply: Reply): void;
  /** With status 200, unless there is a head that says more. */
  abstract start(contentType: string, head?: AnswerHead): void;
  /** `onTaken` is called when the reader's side has taken them; never, where it has gone. */
  abstract bytes(bytes: Buffer, onTaken: () => void): void;
  /** Calls whenever the reader's side has taken nothing for so long, also where there was nothing to take. */
  abstract watch(idleMs: number, onIdle: () => void): void;
  abstract end(): void;
  /** Before the first byte it is told as a fault; after it the answer is cut off, never ended cleanly. */
  abstract fail(fault: Fault): void;
  /** What was given here and not yet read at the other end. */
  abstract get backlogBytes(): number;
}
