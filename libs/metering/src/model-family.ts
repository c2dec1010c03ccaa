import type { ImageRule } from './image-tokens.js';
import { defaultTokenizer, type Tokenizer } from './text-tokens.js';

/** How the models of one family are counted. */
export type ModelFamily = Readonly<{
  name: string;
  tokenizer: Tokenizer;
  image: ImageRule;
  /**
   * How far our count may be off from the model's own over ordinary text, as a share of it: 0.25 is a quarter. Taken
   * from measurements where the vocabulary was at hand (docs/decisions/2026-11-25-token-families.md).
   */
  deviation: number;
}>;

const o200k = defaultTokenizer;
const cl100k: Tokenizer = { encoding: 'cl100k_base', hasSingleDigits: false };
const o200kDigits: Tokenizer = { ...o200k, hasSingleDigits: true };
const cl100kDigits: Tokenizer = { ...cl100k, hasSingleDigits: true };

const openAiTiles: ImageRule = { kind: 'openai-tiles', base: 85, perTile: 170 };

/** Whatever no pattern knows: a name that says nothing, such as a rotation's. */
const defaultFamily: ModelFamily = {
  name: 'unknown',
  tokenizer: o200k,
  image: openAiTiles,
  deviation: 0.3,
};

type Pattern = readonly [pattern: RegExp, family: ModelFamily];

/** By the model's name, with or without what stands before it; the first that fits counts. */
const patterns: readonly Pattern[] = [
  [
    /\bgpt-3\.5|\bgpt-4(?!o|\.|\d)|\btext-embedding-(?:3|ada)/,
    { name: 'gpt-4', tokenizer: cl100k, image: openAiTiles, deviation: 0 },
  ],
  [
    /\bgpt-|\bchatgpt-|\bo[134](?:\b|-)/,
    { name: 'gpt-4o', tokenizer: o200k, image: openAiTiles, deviation: 0 },
  ],
  [
    /qwen|qwq|qvq/,
    {
      name: 'qwen',
      tokenizer: o200kDigits,
      image: { kind: 'area', pixelsPerToken: 784, tokensMax: 1_280 },
      deviation: 0.25,
    },
  ],
  [/deepseek/, { name: 'deepseek', tokenizer: o200k, image: openAiTiles, deviation: 0.3 }],
  [
    /gemma/,
    {
      name: 'gemma',
      tokenizer: o200kDigits,
      image: { kind: 'fixed', tokens: 256 },
      deviation: 0.2,
    },
  ],
  [
    /gemini/,
    {
      name: 'gemini',
      tokenizer: o200kDigits,
      image: { kind: 'tiles', tile: 768, perTile: 258, tilesMax: 64 },
      deviation: 0.2,
    },
  ],
  [
    /claude/,
    {
      name: 'claude',
      tokenizer: o200k,
      image: { kind: 'area', pixelsPerToken: 750, tokensMax: 1_600 },
      deviation: 0.3,
    },
  ],
  [
    /nemo|ministral|magistral|devstral|codestral|pixtral|mistral-(?:small|medium|large)/,
    {
      name: 'mistral-tekken',
      tokenizer: o200kDigits,
      image: { kind: 'area', pixelsPerToken: 256, tokensMax: 4_096 },
      deviation: 0.3,
    },
  ],
  [
    /mistral|mixtral|llama-?2|codellama|vicuna|tinyllama|\bphi-?3/,
    { name: 'llama-2', tokenizer: cl100kDigits, image: openAiTiles, deviation: 0.3 },
  ],
  [
    /llama|hermes/,
    {
      name: 'llama-3',
      tokenizer: cl100k,
      image: { kind: 'tiles', tile: 560, perTile: 1_601, tilesMax: 4 },
      deviation: 0.4,
    },
  ],
];

/**
 * The family by whose measure a model is counted, from its name or from a route that leads to it. What stands behind the
 * last slash counts first: before it there may be the name of somebody's provider.
 */
export function familyOf(model: string): ModelFamily {
  const name = model.toLowerCase();
  return fitting(name.slice(name.lastIndexOf('/') + 1)) ?? fitting(name) ?? defaultFamily;
}

function fitting(name: string): ModelFamily | undefined {
  return patterns.find(([pattern]) => pattern.test(name))?.[1];
}
