import { countTextTokens, defaultTokenizer, type Tokenizer } from './text-tokens.js';

/** How much text is kept before it is counted and forgotten. */
const keptLengthMax = 4_096;

/** Counts a text while it is delivered, in bounded memory, without holding up the stream. */
export class DeliveredTokens {
  private kept = '';
  private counted = 0;
  private keptCount: number | undefined = 0;

  constructor(private readonly tokenizer: Tokenizer = defaultTokenizer) {}

  append(text: string): void {
    if (text === '') return;
    this.kept += text;
    this.keptCount = undefined;
    if (this.kept.length >= keptLengthMax) this.forget(this.cut() ?? this.endOfWhole());
  }

  get total(): number {
    if (this.keptCount === undefined) {
      const cut = this.cut();
      if (cut !== undefined) this.forget(cut);
      this.keptCount = countTextTokens(this.kept, this.tokenizer);
    }
    return this.counted + this.keptCount;
  }

  /** Never less than the total, and found without counting: a token has a byte at least. */
  get totalAtMost(): number {
    return this.counted + (this.keptCount ?? Buffer.byteLength(this.kept));
  }

  private forget(length: number): void {
    this.counted += countTextTokens(this.kept.slice(0, length), this.tokenizer);
    this.kept = this.kept.slice(length);
    this.keptCount = undefined;
  }

  /** The last place where a cut changes no count: one space between two words. */
  private cut(): number | undefined {
    for (let at = this.kept.length - 1; at > 1; ) {
      at = this.kept.lastIndexOf(' ', at - 1);
      if (at > 0 && isBetweenWords(this.kept, at)) return at;
    }
    return undefined;
  }

  /** All of it, but for half a character. */
  private endOfWhole(): number {
    const { length } = this.kept;
    const code = this.kept.charCodeAt(length - 1);
    return code >= 0xd800 && code <= 0xdbff ? length - 1 : length;
  }
}

/** The tokenizers begin a new part with a single space, whatever word stands before or behind it. */
function isBetweenWords(text: string, at: number): boolean {
  return /^\S \S$/.test(text.slice(at - 1, at + 2));
}
