import { createRequire } from 'node:module';

/** The vocabularies that are at hand. Every family of models is counted with one of them. */
export type Encoding = 'o200k_base' | 'cl100k_base';

type CountTokens = (text: string, options: typeof asText) => number;

/**
 * A text's own marks that look like a tokenizer's control tokens are text like any other: whoever writes
 * `<|endoftext|>` into a prompt pays for its letters.
 */
const asText = { disallowedSpecial: new Set<string>() };

/** Loaded when first needed: each takes a tenth of a second and tens of megabytes, and not every process counts. */
const require = createRequire(import.meta.url);
const loaded = new Map<Encoding, CountTokens>();

export function encodedLength(text: string, encoding: Encoding): number {
  return (loaded.get(encoding) ?? load(encoding))(text, asText);
}

/** Loads all of them, so that no request waits for it. */
export function loadEncodings(): void {
  for (const encoding of ['o200k_base', 'cl100k_base'] as const) encodedLength('', encoding);
}

function load(encoding: Encoding): CountTokens {
  const { countTokens } = require(`gpt-tokenizer/encoding/${encoding}`) as {
    countTokens: CountTokens;
  };
  loaded.set(encoding, countTokens);
  return countTokens;
}
