/**
 * Work that is done again and again: each time so long after it has ended, so that it is never done beside itself. It tells of
 * its failures itself and does not reject.
 */
export class Repeating {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private isStopped = false;

  constructor(
    private readonly work: () => Promise<unknown>,
    private readonly intervalMs: number,
  ) {}

  /** For the first time when the interval is over. */
  start(): void {
    this.timer = setTimeout(() => this.startNow(), this.intervalMs);
  }

  startNow(): void {
    this.running = this.runOnce();
  }

  /** Resolves when what is under way has ended; after it nothing begins. */
  async stop(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    await this.running;
  }

  private async runOnce(): Promise<void> {
    try {
      await this.work();
    } finally {
      if (!this.isStopped) this.start();
    }
  }
}
