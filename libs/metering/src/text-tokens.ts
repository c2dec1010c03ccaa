import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';

/**
 * A text's own marks that look like a tokenizer's control tokens are text like any other: whoever writes
 * `<|endoftext|>` into a prompt pays for its letters.
 */
const asText = { disallowedSpecial: new Set<string>() };

/**
 * The tokenizer takes quadratic time over a run without a break (40,000 letters: 1.5 s), so that a run is
 * counted in pieces of this length. A cut costs one token at most, and natural words are far shorter.
 */
const runLengthMax = 128;
const longRun = new RegExp(`\\S{${runLengthMax + 1},}|\\s{${runLengthMax + 1},}`, 'g');

/** Texts are counted in parts of this length, so that one call never holds the process for long. */
const exactLengthMax = 262_144;

/** How many tokens a text has, by the market's own measure (o200k_base). */
export function countTextTokens(text: string): number {
  if (text === '') return 0;
  if (text.length > exactLengthMax) return extrapolated(text);
  let total = 0;
  let at = 0;
  for (const { index, 0: run } of text.matchAll(longRun)) {
    total += countTokens(text.slice(at, index), asText) + countRun(run);
    at = index + run.length;
  }
  return total + countTokens(text.slice(at), asText);
}

function countRun(run: string): number {
  let total = 0;
  for (let at = 0; at < run.length; at += runLengthMax) {
    total += countTokens(run.slice(at, at + runLengthMax), asText);
  }
  return total;
}

/** A text of more than a quarter million characters is measured by its beginning. */
function extrapolated(text: string): number {
  const counted = countTextTokens(text.slice(0, exactLengthMax));
  return Math.ceil((counted * text.length) / exactLengthMax);
}
