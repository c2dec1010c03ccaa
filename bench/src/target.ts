import type { Address } from './http-connection.js';
import type { AnswerKind } from './request.js';

export type TargetName =
  | 'direct'
  | 'floor'
  | 'gateway-http'
  | 'gateway-worker'
  | 'nginx'
  | 'portkey';

/** Something that answers chat completions, with the mock upstream somewhere behind it. */
export type Target = Readonly<{
  name: TargetName;
  /** What it is, in the words of the table. */
  title: string;
  address: Address;
  /** The request of the connection with this number; connections may be different buyers. */
  request: (kind: AnswerKind, connection: number) => Buffer;
  /** Its processes, the one that takes the requests first; none where it is only the mock. */
  pids: readonly number[];
  /** Waits until nothing of what was sent is still being worked on, bills included. */
  settled?: () => Promise<void>;
}>;

/** A target that runs, or the reason why it does not. */
export type TargetOrReason = Target | Readonly<{ name: TargetName; skipped: string }>;
