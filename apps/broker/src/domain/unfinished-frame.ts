/** What a control frame of a client has beside its payload: two bytes of head, and the mask. */
const controlHeadBytes = 6;

/**
 * Notices a message that has begun and does not end, though its sender keeps alive by pings and pongs: bytes
 * have come that neither whole messages nor control frames account for. What lies in the same read behind a
 * whole message is not looked at, so it may be noticed a little late, and never without a reason.
 */
export class UnfinishedFrame {
  private accountedBytes = 0;
  private sinceMs: number | undefined;

  constructor(private readonly msMax: number) {}

  /** A whole message has come. `bytesRead`: all that the connection has brought so far. */
  onMessage(bytesRead: number): void {
    this.accountedBytes = bytesRead;
    this.sinceMs = undefined;
  }

  /** A ping or pong has come. True where a message has been under way for longer than it may. */
  onControl(payloadBytes: number, bytesRead: number, nowMs: number): boolean {
    const accounted = this.accountedBytes + controlHeadBytes + payloadBytes;
    this.accountedBytes = Math.min(accounted, bytesRead);
    if (this.accountedBytes === bytesRead) this.sinceMs = undefined;
    else this.sinceMs ??= nowMs;
    return this.sinceMs !== undefined && nowMs - this.sinceMs > this.msMax;
  }
}
