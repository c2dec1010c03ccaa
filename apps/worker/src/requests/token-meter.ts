const usageField = '"completion_tokens"';
/** Enough of a piece's end to find a figure that the next piece completes. */
const tailChars = 64;

/**
 * Counts the tokens of an answer for the seller's display: one an event until the engine says how many there
 * were. It is no measure of money; the market counts for itself.
 */
export class TokenMeter {
  #counted = 0;
  #isStated = false;
  /** A stream begins as if a line had ended. */
  #tail = '\n';

  get counted(): number {
    return this.#counted;
  }

  /** How many more there are than before; less than none where an estimate was too high. */
  read(text: string): number {
    const before = this.#counted;
    const seen = this.#tail + text;
    this.#tail = seen.slice(-tailChars);
    const stated = statedIn(seen);
    if (stated !== undefined) {
      this.#isStated = true;
      this.#counted = stated;
    } else if (!this.#isStated) {
      this.#counted += eventsIn(seen, seen.length - text.length);
    }
    return this.#counted - before;
  }
}

function statedIn(text: string): number | undefined {
  const at = text.lastIndexOf(usageField);
  if (at < 0) return undefined;
  // The figure is whole only where something stands behind it.
  const figure = /^\s*:\s*(\d{1,9})\s*[,}]/.exec(
    text.slice(at + usageField.length, at + tailChars),
  );
  return figure === null ? undefined : Number(figure[1]);
}

/** Events that begin with a line which ends behind `from`. Content cannot look like one: its line ends are escaped. */
function eventsIn(text: string, from: number): number {
  const mark = '\ndata: {';
  let count = 0;
  const start = Math.max(0, from - mark.length + 1);
  for (let at = text.indexOf(mark, start); at >= 0; at = text.indexOf(mark, at + 1)) count += 1;
  return count;
}
