import { countTextTokens } from './text-tokens.js';

/** How much text is kept before it is counted and forgotten. */
const keptLengthMax = 4_096;

/** Counts an answer while it is delivered, in bounded memory and without holding up the stream. */
export class DeliveredTokens {
  private kept = '';
  private counted = 0;

  append(text: string): void {
    this.kept += text;
    if (this.kept.length < keptLengthMax) return;
    // Tokens begin with their space: a cut before the last one divides the text where the tokenizer would.
    const space = this.kept.lastIndexOf(' ');
    const cut = space > 0 ? space : this.kept.length;
    this.counted += countTextTokens(this.kept.slice(0, cut));
    this.kept = this.kept.slice(cut);
  }

  get total(): number {
    return this.counted + countTextTokens(this.kept);
  }
}
