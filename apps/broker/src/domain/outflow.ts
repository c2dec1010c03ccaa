export type OutflowLimits = Readonly<{
  /** More than this waits for a worker only until it has read. */
  backlogBytesMax: number;
  /** How long it may read nothing of that. */
  stallMs: number;
}>;

/** Whether a worker reads what it is sent. A large body may take its time on a slow line, as long as it goes on. */
export class Outflow {
  private fullSinceMs: number | undefined;
  private takenAtMs = 0;

  constructor(private readonly limits: OutflowLimits) {}

  isFull(backlogBytes: number): boolean {
    return backlogBytes > this.limits.backlogBytesMax;
  }

  onTaken(nowMs: number): void {
    this.takenAtMs = nowMs;
  }

  /** Asked every now and then. */
  hasStalled(backlogBytes: number, nowMs: number): boolean {
    if (!this.isFull(backlogBytes)) {
      this.fullSinceMs = undefined;
      return false;
    }
    this.fullSinceMs ??= nowMs;
    return nowMs - Math.max(this.fullSinceMs, this.takenAtMs) > this.limits.stallMs;
  }
}
