const firstMs = 1_000;
const lastMs = 60_000;

/** How long the deployed client waits before its next attempt: one second, doubling to a minute, without chance. */
export function backoffMs(failuresInARow: number): number {
  return Math.min(lastMs, firstMs * 2 ** failuresInARow);
}
