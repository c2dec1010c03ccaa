import type { Usage } from './usage.js';

/** Output of one choice: each is a text of its own, whose parts follow each other over the events of a stream. */
export type AnswerPiece = Readonly<{
  choice: number;
  /** `completion`: words, refusals, tool calls. */
  kind: 'completion' | 'reasoning';
  text: string;
}>;

/** What one piece of an answer holds: a whole answer, or one event of a stream. */
export type Answer = Readonly<{
  /** Everything that counts as output text; none of them is empty. */
  pieces: readonly AnswerPiece[];
  /** The same in one text. */
  text: string;
  /** Pictures or films, where it brings some. */
  media?: number;
  /** A piece of a sound. */
  sound?: Uint8Array;
  /** Whether the buyer has something of it: words, numbers, pictures. */
  hasContent: boolean;
  finishReason: string | null;
  usage: Usage | null;
}>;

/** An upstream's own error inside an answer that began well. */
export type UpstreamError = Readonly<{
  message: string;
  code: string | null;
  status: number | null;
}>;

export type AnswerResult =
  | Readonly<{ kind: 'answer'; answer: Answer }>
  | Readonly<{ kind: 'error'; error: UpstreamError }>
  | Readonly<{ kind: 'done' }>
  | Readonly<{ kind: 'garbage' }>;

/** An answer that holds nothing but what is named. */
export function answerOf(
  parts: Partial<Omit<Answer, 'text' | 'hasContent'>> & Readonly<{ hasContent?: boolean }>,
): Answer {
  const { pieces = [], finishReason = null, usage = null, media, sound } = parts;
  const text = pieces.map((piece) => piece.text).join('');
  return {
    pieces,
    text,
    ...(media !== undefined && { media }),
    ...(sound && { sound }),
    hasContent: parts.hasContent ?? (text !== '' || (media ?? 0) > 0),
    finishReason,
    usage,
  };
}
