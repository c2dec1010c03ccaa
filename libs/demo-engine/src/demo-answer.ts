import { createHash } from 'node:crypto';
import { countTextTokens } from '@aisbf/metering';
import type { DemoModel } from './demo-model.js';

/** How many words of the prompt an answer quotes: enough to see that it arrived. */
const quotedWordsMax = 12;

const sentences = [
  'A market is a place where strangers can trust the price.',
  'Every token of this answer was counted before it was sent.',
  'The machine that says this has no weights, no memory and no opinion.',
  'Streams are read as they come, so a slow reader makes a slow writer.',
  'Whoever hangs up stops the work; nobody pays for words that were not said.',
  'The seller dials out, and the buyer never learns from where.',
  'A café in Zürich, a naïve résumé and a piñata test the accents.',
  '日本語の文字は、一つの文字に三つのバイトを使います。',
  'Small pictures such as 🚀 and 👩‍🚀 take several bytes and must arrive whole.',
  'Numbers like 3.14159, 2,718 and 0x1F are split in ways of their own.',
  'If one machine fails before it speaks, another one answers.',
  'If it fails after it has spoken, the buyer is told, and not charged.',
  'Exactness is a habit: what comes in equals what goes out.',
  'Nothing here was learnt, and nothing here will be remembered.',
  'Ask the same question again, and the same words will come.',
  'A real engine would think now; this one only looks the part.',
] as const;

/** A finished text, cut to what the request allows, in the pieces in which it is streamed. */
export type Answer = Readonly<{
  pieces: readonly string[];
  text: string;
  tokens: number;
  finishReason: 'stop' | 'length';
}>;

export type AnswerLimits = Readonly<{
  stop: readonly string[];
  tokensMin: number;
  tokensMax: number;
}>;

/** The whole answer of a model to a prompt. The same prompt has the same answer, on every machine. */
export function composeAnswer(
  model: DemoModel,
  prompt: Readonly<{ seed: string; question: string }>,
  limits: AnswerLimits,
): Answer {
  const order = shuffledSentences(`${model.id}\n${prompt.seed}`);
  const opening = `I am ${model.id}, a canned demonstration and not a language model.`;
  const quote = `You wrote: “${firstWords(prompt.question)}”.`;
  const parts = [opening, quote, ...order.slice(0, model.sentences)];
  const text = parts.join(' ').toWellFormed();
  return cutAnswer(lengthen(text, order, model.sentences, limits.tokensMin), limits);
}

function lengthen(text: string, order: readonly string[], turn: number, tokensMin: number): string {
  const added: string[] = [];
  let tokens = countTextTokens(text);
  for (let next = turn; tokens < tokensMin; next += 1) {
    const sentence = ` ${order[next % order.length]}`;
    added.push(sentence);
    tokens += countTextTokens(sentence);
  }
  return text + added.join('');
}

function cutAnswer(whole: string, { stop, tokensMax }: AnswerLimits): Answer {
  const text = beforeStop(whole, stop);
  if (countTextTokens(text) <= tokensMax) return answerOf(text, 'stop');
  const pieces = piecesOf(text);
  const kept = pieces.slice(0, longestWithin(pieces, '', tokensMax)).join('');
  const letters = [...(piecesOf(text.slice(kept.length))[0] ?? '')];
  const rest = letters.slice(0, longestWithin(letters, kept, tokensMax)).join('');
  return answerOf(kept + rest, 'length');
}

/**
 * How many parts fit behind `before`. What is counted is the cut text itself, since a text can have other
 * tokens alone than as the beginning of a longer one.
 */
function longestWithin(parts: readonly string[], before: string, tokensMax: number): number {
  let fitting = 0;
  let failing = parts.length + 1;
  while (failing - fitting > 1) {
    const middle = Math.floor((fitting + failing) / 2);
    const tokens = countTextTokens(before + parts.slice(0, middle).join(''));
    if (tokens <= tokensMax) fitting = middle;
    else failing = middle;
  }
  return fitting;
}

function answerOf(text: string, finishReason: Answer['finishReason']): Answer {
  return { pieces: piecesOf(text), text, tokens: countTextTokens(text), finishReason };
}

/** Words with their space, long ones divided: about a token each. */
function piecesOf(text: string): readonly string[] {
  return text.match(/\s*\S{1,8}|\s+/gu) ?? [];
}

function beforeStop(text: string, stop: readonly string[]): string {
  const ends = stop.map((word) => text.indexOf(word)).filter((index) => index >= 0);
  return ends.length === 0 ? text : text.slice(0, Math.min(...ends));
}

function firstWords(text: string): string {
  const words = text.trim().split(/\s+/u);
  const start = words.slice(0, quotedWordsMax).join(' ');
  return words.length > quotedWordsMax ? `${start} …` : start;
}

/** Orders the sentences by a hash of seed and sentence, which needs no random source. */
function shuffledSentences(seed: string): readonly string[] {
  const rank = (sentence: string): string =>
    createHash('sha256').update(`${seed}\n${sentence}`).digest('hex');
  return sentences
    .map((sentence) => ({ sentence, rank: rank(sentence) }))
    .sort((left, right) => (left.rank < right.rank ? -1 : 1))
    .map(({ sentence }) => sentence);
}
