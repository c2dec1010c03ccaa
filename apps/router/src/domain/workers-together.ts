import type { PresentSession } from './session-index.js';
import { roomOf } from './session-order.js';

/** What several workers of a provider are together: any of them may get the request, and what is said holds of each. */
export type WorkersTogether = Readonly<{
  /** Of the slowest that is measured. */
  firstMs: number | null;
  /** Of the fastest that is measured; a chunk is a token or a few. */
  tokensPerSecond: number | null;
  /** The share of its places that the freest has free. */
  room: number;
  successRate: number | null;
  /** Of the least; null where one does not say. */
  contextTokens: number | null;
  /** Each says how much it takes. */
  hasContexts: boolean;
}>;

export function workersTogether(
  workers: readonly PresentSession[],
  model: string,
): WorkersTogether {
  let firstMs: number | null = null;
  let tokensPerSecond: number | null = null;
  let [room, served, requests] = [0, 0, 0];
  let [contextTokens, hasContexts] = [Number.MAX_VALUE, true];
  for (const { session } of workers) {
    const { measured, models, inFlightMax } = session;
    firstMs = greater(firstMs, measured?.firstMs);
    tokensPerSecond = greater(tokensPerSecond, measured?.chunksPerSecond);
    room = Math.max(room, Math.min(1, roomOf(session) / inFlightMax));
    served += (measured?.successRate ?? 0) * (measured?.requests ?? 0);
    requests += measured?.requests ?? 0;
    const told = models.find(({ name }) => name === model)?.contextTokensMax ?? null;
    contextTokens = Math.min(contextTokens, told ?? 0);
    hasContexts &&= told !== null;
  }
  return {
    ...{ firstMs, tokensPerSecond, room, hasContexts },
    successRate: requests === 0 ? null : Math.min(1, served / requests),
    contextTokens: contextTokens === 0 ? null : contextTokens,
  };
}

function greater(known: number | null, other: number | null | undefined): number | null {
  if (other === null || other === undefined) return known;
  return known === null ? other : Math.max(known, other);
}
