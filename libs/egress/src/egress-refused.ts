/**
 * Why nobody is dialled. Part of logs and metrics: add, never rename.
 *
 * - `scheme`: neither https nor, where that is open, http
 * - `port`: one at which no API listens
 * - `address`: none of the internet, or a name that has such a one
 */
export const egressRefusals = ['scheme', 'port', 'address'] as const;
export type EgressRefusal = (typeof egressRefusals)[number];

/** Somebody's address leads where it may not; no connection was opened. */
export class EgressRefused extends Error {
  constructor(
    readonly reason: EgressRefusal,
    /** As its owner has written it; what it resolves to is told to nobody. */
    readonly host: string,
  ) {
    super(`the ${reason} of ${host} is not one that may be dialled`);
    this.name = 'EgressRefused';
  }
}
