/** A worker is told after each quarter of the window, so that one word of four may be late or lost. */
const wordsPerWindow = 4;

/**
 * How one request's reader keeps up with its worker, in bytes of what the worker has sent. Read is whatever has
 * come and does not wait for the reader: what the reader has taken, but also what was never meant for it.
 */
export class ReaderPace {
  private came = 0;
  private waiting = 0;
  private told = 0;

  /** Undefined where the worker cannot be made to wait. */
  constructor(private readonly windowBytes: number | undefined) {}

  /** The worker has to wait until more is read: it is not its fault that it says nothing. */
  get holdsWorker(): boolean {
    return this.windowBytes !== undefined && this.came - this.told >= this.windowBytes;
  }

  /** There is something that the reader could take. */
  get isBehind(): boolean {
    return this.waiting > 0;
  }

  /** Something is given to the reader. */
  give(bytes: number): void {
    this.waiting += bytes;
  }

  /** Of what the worker has sent, whatever is for the reader has been given to it. */
  arrive(bytes: number): number | undefined {
    this.came += bytes;
    return this.news();
  }

  /** The reader has taken it. */
  take(bytes: number): number | undefined {
    this.waiting -= bytes;
    return this.news();
  }

  /** Nobody reads any more: all that comes counts as read, so that a worker which goes on can end. */
  letGo(): number | undefined {
    this.waiting = 0;
    return this.news();
  }

  /** How much has been read since the beginning, where the worker is to be told of it now. */
  private news(): number | undefined {
    const read = this.came - this.waiting;
    const isDue =
      this.windowBytes !== undefined && read - this.told >= this.windowBytes / wordsPerWindow;
    if (!isDue) return undefined;
    this.told = read;
    return read;
  }
}
