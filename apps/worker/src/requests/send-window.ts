/** The market has told of no reading for so long that it will not tell of any more. */
export class ReaderStalled extends Error {
  override readonly name = 'ReaderStalled';
}

/** How far a stream may be ahead of its reader, and the waiting where it is too far. */
export class SendWindow {
  #sentBytes = 0;
  #readBytes = 0;
  #waiting: PromiseWithResolvers<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** With no window there is always room. */
  constructor(
    private readonly windowBytes: number | undefined,
    private readonly waitMsMax: number,
  ) {}

  sent(bytes: number): void {
    this.#sentBytes += bytes;
  }

  /** Counted since the beginning, so that a figure that comes late or twice changes nothing. */
  read(bytes: number): void {
    this.#readBytes = Math.max(this.#readBytes, bytes);
    if (this.#hasRoom()) this.close();
  }

  /** Resolves when more may be sent; rejects where the reader is waited for in vain. */
  room(): Promise<void> {
    if (this.#hasRoom()) return Promise.resolve();
    const waiting = Promise.withResolvers<void>();
    this.#waiting = waiting;
    this.#timer = setTimeout(() => {
      waiting.reject(new ReaderStalled('nothing was read for too long'));
    }, this.waitMsMax);
    return waiting.promise;
  }

  /** Lets go whoever waits: there is room, or nobody reads any more. */
  close(): void {
    clearTimeout(this.#timer);
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }

  #hasRoom(): boolean {
    return this.windowBytes === undefined || this.#sentBytes - this.#readBytes < this.windowBytes;
  }
}
