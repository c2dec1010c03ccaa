/**
 * The places of requests that are served at once, over all sessions: while a broker is being left, two of
 * them serve.
 */
export class Seats {
  #taken = 0;

  constructor(private readonly max: number) {}

  get taken(): number {
    return this.#taken;
  }

  get isFull(): boolean {
    return this.#taken >= this.max;
  }

  take(): void {
    this.#taken += 1;
  }

  leave(): void {
    this.#taken -= 1;
  }
}
