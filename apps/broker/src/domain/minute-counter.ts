const minuteMs = 60_000;

/** Identities that are counted at once; a flood of made-up ones pushes the oldest out. */
const keysMax = 50_000;

/** Counts what happened under each name within the last minute. */
export class MinuteCounter {
  private readonly times = new Map<string, readonly number[]>();

  constructor(private readonly countMax: number) {}

  /** Adds one. No more than `countMax` are remembered: beyond that the answer is the same. */
  add(name: string, nowMs: number): void {
    const recent = [...this.recent(name, nowMs), nowMs].slice(-this.countMax);
    this.times.delete(name);
    this.times.set(name, recent);
    if (this.times.size <= keysMax) return;
    const oldest = this.times.keys().next().value;
    if (oldest !== undefined) this.times.delete(oldest);
  }

  isFull(name: string, nowMs: number): boolean {
    return this.recent(name, nowMs).length >= this.countMax;
  }

  /** When it last happened; undefined where that is more than a minute ago. */
  lastMs(name: string, nowMs: number): number | undefined {
    return this.recent(name, nowMs).at(-1);
  }

  private recent(name: string, nowMs: number): readonly number[] {
    return (this.times.get(name) ?? []).filter((timeMs) => timeMs > nowMs - minuteMs);
  }
}
