/** How a worker's socket ends. Numbers below 4000 are the WebSocket standard's, above are ours. */
export const closeCodes = {
  normal: 1000,
  /** The broker goes away: connect again now. */
  draining: 1001,
  /** Ten unreadable frames in a minute. */
  unreadable: 1007,
  /** No accepted register in time, or silent for too long. */
  refused: 1008,
  oversized: 1009,
  /** Come back later. */
  overloaded: 1013,
  /** A newer connection of the same identity has taken over. */
  superseded: 4001,
  /** The provider was disabled, or its registration token replaced. */
  revoked: 4003,
} as const;
export type CloseCode = (typeof closeCodes)[keyof typeof closeCodes];
