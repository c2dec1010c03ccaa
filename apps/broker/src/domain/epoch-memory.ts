/** How long an epoch must be remembered: far longer than any two clocks of one installation differ. */
const keptMs = 3_600_000;

/**
 * Numbers the connections of each identity so that a later one always has the higher number, on whichever
 * instance it arrives. The clock alone does that as long as clocks agree; what was seen elsewhere corrects it.
 */
export class EpochMemory {
  private readonly highest = new Map<string, number>();

  next(identityKey: string, nowMs: number): number {
    const epoch = Math.max(nowMs, (this.highest.get(identityKey) ?? 0) + 1);
    this.see(identityKey, epoch, nowMs);
    return epoch;
  }

  /** Takes note of an epoch that is in use, here or elsewhere. */
  see(identityKey: string, epoch: number, nowMs: number): void {
    if (epoch <= (this.highest.get(identityKey) ?? 0)) return;
    this.highest.delete(identityKey);
    this.highest.set(identityKey, epoch);
    this.forgetOld(nowMs);
  }

  /** Epochs are about as old as their place in the map, so the first ones are enough to look at. */
  private forgetOld(nowMs: number): void {
    for (const [key, epoch] of this.highest) {
      if (epoch > nowMs - keptMs) return;
      this.highest.delete(key);
    }
  }
}
