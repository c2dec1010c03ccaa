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

/**
 * Leaves whoever is on trial where it is asked first, and puts it among those that are cooling anywhere else. Looks no
 * further than it takes to find so many that are asked.
 */
export function withOneTrial<Item extends Standing>(
  items: Iterable<Item>,
  nowMs: number,
  askedMax: number,
): Readonly<{ asked: readonly Item[]; waiting: readonly Item[] }> {
  const asked: Item[] = [];
  const waiting: Item[] = [];
  for (const item of items) {
    const isFirst = asked.length + waiting.length === 0;
    if (isFirst || !item.isOnTrial) asked.push(item);
    // Sooner than anybody whose cooldown runs.
    else waiting.push({ ...item, coolUntilMs: nowMs + 1 });
    if (asked.length === askedMax) break;
  }
  return { asked, waiting };
}
