import { countTextTokens } from '@aisbf/metering';
import { mockModel } from '../mock-answer.js';

/** What is asked for and what the upstream answers, made once: a seller whose figures are off would be paused. */

export const shortText = 'Which index should an orders table have?';
export const manyTexts = Array.from({ length: 64 }, (_, index) => `${shortText} No. ${index}.`);

export const smallEmbedding = embeddingAnswer([shortText], 16);
/** About a megabyte. */
export const largeEmbedding = embeddingAnswer(manyTexts, 1_536);

/** What speech is asked for with these words is as long as this. */
export const speeches = {
  short: { input: 'A megabyte.', bytes: 1_000_000 },
  long: { input: 'Fifty megabytes.', bytes: 50_000_000 },
} as const;

export const transcript = JSON.stringify({ text: 'Nothing but silence was said.' });

/** Whoever asks for so many tokens is answered as a fast model speaks, not as fast as can be. */
export const slowTokens = 201;
export const slowEventMs = 50;
/** The first event only says whose turn it is: what a buyer waits for is the second. */
export const firstWordEvents = 2;

function embeddingAnswer(texts: readonly string[], dimensions: number): Buffer {
  const tokens = texts.reduce((sum, text) => sum + countTextTokens(text), 0);
  const data = texts.map((_, index) => ({
    object: 'embedding',
    index,
    embedding: Array.from({ length: dimensions }, (_, place) => Math.sin(index + place)),
  }));
  const usage = { prompt_tokens: tokens, total_tokens: tokens };
  return Buffer.from(JSON.stringify({ object: 'list', data, model: mockModel, usage }));
}
