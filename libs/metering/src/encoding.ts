import { createRequire } from 'node:module';
import { PieceCounts } from './piece-counts.js';

/** The vocabularies that are at hand. Every family of models is counted with one of them. */
export type Encoding = 'o200k_base' | 'cl100k_base';

type CountTokens = (text: string, options: typeof asText) => number;

/**
 * A text's own marks that look like a tokenizer's control tokens are text like any other: whoever writes
 * `<|endoftext|>` into a prompt pays for its letters.
 */
const asText = { disallowedSpecial: new Set<string>() };

/** How an encoding parts a text before it looks for tokens: none reaches from one piece into the next. */
const piecePatterns = {
  o200k_base: 'O200K_TOKEN_SPLIT_REGEX',
  cl100k_base: 'CL100K_TOKEN_SPLIT_REGEX',
} as const satisfies Record<Encoding, string>;

type Loaded = Readonly<{ pieces: RegExp; counts: PieceCounts }>;

/** Loaded when first needed: each takes a tenth of a second and tens of megabytes, and not every process counts. */
const require = createRequire(import.meta.url);
const loaded = new Map<Encoding, Loaded>();

export function encodedLength(text: string, encoding: Encoding): number {
  const { pieces, counts } = loaded.get(encoding) ?? load(encoding);
  let total = 0;
  for (const piece of text.match(pieces) ?? []) total += counts.of(piece);
  return total;
}

/** Loads all of them, so that no request waits for it. */
export function loadEncodings(): void {
  for (const encoding of ['o200k_base', 'cl100k_base'] as const) encodedLength('', encoding);
}

function load(encoding: Encoding): Loaded {
  const { countTokens } = require(`gpt-tokenizer/encoding/${encoding}`) as {
    countTokens: CountTokens;
  };
  const patterns = require('gpt-tokenizer/encodingParams/constants') as Record<string, RegExp>;
  const pieces = patterns[piecePatterns[encoding]];
  if (!pieces) throw new TypeError(`the tokenizer does not tell how ${encoding} parts a text`);
  const fresh = { pieces, counts: new PieceCounts((piece) => countTokens(piece, asText)) };
  loaded.set(encoding, fresh);
  return fresh;
}
