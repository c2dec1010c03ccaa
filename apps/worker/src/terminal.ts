import type { StatusBoard } from './status.js';
import { statusBlock } from './status-block.js';

export type TerminalOptions = Readonly<{
  title: string;
  write: (text: string) => void;
  columns: () => number;
}>;

/** Times and speeds move on by themselves. */
const redrawEveryMs = 1_000;
/** Many requests a second are still only a few pictures. */
const redrawAfterMs = 100;

/** A block at the end of the terminal that shows the present state; lines scroll by above it. */
export class Terminal {
  readonly #options: TerminalOptions;
  #board: StatusBoard | undefined;
  #height = 0;
  #soon: NodeJS.Timeout | undefined;
  #clock: NodeJS.Timeout | undefined;

  constructor(options: TerminalOptions) {
    this.#options = options;
  }

  show(board: StatusBoard): void {
    this.#board = board;
    board.onChange(() => {
      this.#soon ??= setTimeout(() => this.#draw(''), redrawAfterMs).unref();
    });
    this.#clock = setInterval(() => this.#draw(''), redrawEveryMs).unref();
    this.#draw('');
  }

  /** One event, above the block. */
  line(text: string): void {
    this.#draw(text);
  }

  /** Leaves the last picture where it is. */
  close(): void {
    clearInterval(this.#clock);
    clearTimeout(this.#soon);
    this.#draw('');
    this.#board = undefined;
    this.#height = 0;
  }

  #draw(above: string): void {
    clearTimeout(this.#soon);
    this.#soon = undefined;
    const { title, write, columns } = this.#options;
    const nowMs = Date.now();
    const lines =
      this.#board === undefined ? [] : statusBlock(title, this.#board.at(nowMs), nowMs, columns());
    const erase = this.#height === 0 ? '' : `\u001b[${this.#height}A\u001b[J`;
    this.#height = lines.length;
    write(erase + above + lines.map((line) => `${line}\n`).join(''));
  }
}
