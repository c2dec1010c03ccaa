import type { Dispatcher } from 'undici';

export type Exchanged = Readonly<{ status: number; body: Buffer }>;

export type Sent = Pick<Dispatcher.DispatchOptions, 'method' | 'path' | 'headers' | 'body'>;

/**
 * One request whose answer is wanted whole. Between our services nobody reads an answer piece by piece, and without the
 * stream that is made for that a call costs a third less.
 */
export function exchange(dispatcher: Dispatcher, sent: Sent): Promise<Exchanged> {
  return new Promise((resolve, reject) => {
    dispatcher.dispatch(sent, new WholeAnswer(resolve, reject));
  });
}

class WholeAnswer implements Dispatcher.DispatchHandler {
  private readonly pieces: Buffer[] = [];
  private status = 0;

  constructor(
    private readonly resolve: (answer: Exchanged) => void,
    private readonly reject: (error: Error) => void,
  ) {}

  /** Undici wants to have it. */
  onRequestStart(): void {}

  onResponseStart(_controller: Dispatcher.DispatchController, status: number): void {
    this.status = status;
  }

  onResponseData(_controller: Dispatcher.DispatchController, piece: Buffer): void {
    this.pieces.push(piece);
  }

  onResponseEnd(): void {
    const [only, ...others] = this.pieces;
    const body = only && others.length === 0 ? only : Buffer.concat(this.pieces);
    this.resolve({ status: this.status, body });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.reject(error);
  }
}
