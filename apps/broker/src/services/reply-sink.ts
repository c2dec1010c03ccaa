import type { Reply } from '@aisbf/broker-protocol';
import type { Fault } from '@aisbf/faults';

/** Where the answer to one request goes. Either `whole`, or `start`, any `bytes` and `end`; or `fail`, once. */
export abstract class ReplySink {
  abstract whole(reply: Reply): void;
  abstract start(contentType: string): void;
  abstract bytes(bytes: Buffer): void;
  abstract end(): void;
  /** Before the first byte it is told as a fault; after it the answer is cut off, never ended cleanly. */
  abstract fail(fault: Fault): void;
  /** What was given here and not yet read at the other end. */
  abstract get backlogBytes(): number;
}
