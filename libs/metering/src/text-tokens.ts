import { type Encoding, encodedLength } from './encoding.js';

/** How a family of models cuts text. */
export type Tokenizer = Readonly<{
  encoding: Encoding;
  /** Numbers are cut into single digits, not into threes as in both encodings. */
  hasSingleDigits: boolean;
}>;

export const defaultTokenizer: Tokenizer = { encoding: 'o200k_base', hasSingleDigits: false };

/**
 * The tokenizer takes quadratic time over a run without a break (40,000 letters: 1.5 s), so that a run is
 * counted in pieces of this length. A cut costs one token at most, and natural words are far shorter.
 */
const runLengthMax = 128;
const longRun = new RegExp(`\\S{${runLengthMax + 1},}|\\s{${runLengthMax + 1},}`, 'g');

/** Texts are counted in parts of this length, so that one call never holds the process for long. */
const exactLengthMax = 262_144;

/** How many tokens a text has, by the measure of one family. */
export function countTextTokens(text: string, tokenizer: Tokenizer = defaultTokenizer): number {
  if (text === '') return 0;
  if (text.length > exactLengthMax) return extrapolated(text, tokenizer);
  const { encoding } = tokenizer;
  let total = tokenizer.hasSingleDigits ? tokensOfSingleDigits(text) : 0;
  let at = 0;
  for (const { index, 0: run } of text.matchAll(longRun)) {
    total += encodedLength(text.slice(at, index), encoding) + countRun(run, encoding);
    at = index + run.length;
  }
  return total + encodedLength(text.slice(at), encoding);
}

function countRun(run: string, encoding: Encoding): number {
  let total = 0;
  for (let at = 0; at < run.length; at += runLengthMax) {
    total += encodedLength(run.slice(at, at + runLengthMax), encoding);
  }
  return total;
}

const threesOfDigits = /\d{2,3}/g;

/** What single digits make beyond threes: two more for every three, one more for two that are left. */
function tokensOfSingleDigits(text: string): number {
  let more = 0;
  for (const [digits] of text.matchAll(threesOfDigits)) more += digits.length - 1;
  return more;
}

/** A text of more than a quarter million characters is measured by its beginning. */
function extrapolated(text: string, tokenizer: Tokenizer): number {
  const counted = countTextTokens(text.slice(0, exactLengthMax), tokenizer);
  return Math.ceil((counted * text.length) / exactLengthMax);
}
