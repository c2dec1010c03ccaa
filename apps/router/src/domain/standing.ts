import type { Cooldown } from './health.js';

/** Whether an upstream may be asked like any other. */
export type Standing = Readonly<{
  /** Until when it is asked last; 0 where it is not. */
  coolUntilMs: number;
  /**
   * It has failed, has cooled down, and has served nobody since. One request may try it out, by asking it first; the others
   * count on those who are known to be well.
   */
  isOnTrial?: true;
}>;

const well: Standing = { coolUntilMs: 0 };

export function standingOf(known: Cooldown | undefined, nowMs: number): Standing {
  if (!known) return well;
  if (known.untilMs > nowMs) return { coolUntilMs: known.untilMs };
  if (known.failures === 0) return well;
  const { trialUntilMs = 0 } = known;
  return trialUntilMs > nowMs ? { coolUntilMs: trialUntilMs } : { coolUntilMs: 0, isOnTrial: true };
}

/** Leaves whoever is on trial where it is asked first, and puts it among those that are cooling anywhere else. */
export function withOneTrial<Item extends Standing>(
  items: readonly Item[],
  nowMs: number,
): Readonly<{ asked: readonly Item[]; waiting: readonly Item[] }> {
  const isKept = (item: Item, at: number) => at === 0 || !item.isOnTrial;
  return {
    asked: items.filter(isKept),
    waiting: items
      .filter((item, at) => !isKept(item, at))
      // Sooner than anybody whose cooldown runs.
      .map((item) => ({ ...item, coolUntilMs: nowMs + 1 })),
  };
}
