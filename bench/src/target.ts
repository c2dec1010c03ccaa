import type { Address } from './http-connection.js';
import type { AnswerKind } from './request.js';

/** In the order of the table. */
export const targetNames = [
  'direct',
  'nginx',
  'floor',
  'gateway-http',
  'gateway-worker',
  'portkey',
] as const;
export type TargetName = (typeof targetNames)[number];

/** Something that answers chat completions, with the mock upstream somewhere behind it. */
export type Target = Readonly<{
  name: TargetName;
  /** What it is, in the words of the table. */
  title: string;
  address: Address;
  /** The request of the connection with this number; connections may be different buyers. */
  request: (kind: AnswerKind, connection: number) => Buffer;
  /** The one that takes the requests first; none where it is only the mock. */
  processes: readonly TargetProcess[];
  /** Waits until nothing of what was sent is still being worked on, bills included. */
  settled?: () => Promise<void>;
}>;

export type TargetProcess = Readonly<{ name: string; pid: number }>;

/** What could not be started here, and why. */
export type SkippedTarget = Readonly<{ name: TargetName; skipped: string }>;

export function isSkipped(target: Target | SkippedTarget): target is SkippedTarget {
  return 'skipped' in target;
}
