import type { Tokenizer } from '@aisbf/metering';
import type { Answer, Usage } from '@aisbf/openai';
import { AnswerTokens } from './answer-tokens.js';

/**
 * One answer on its way to the buyer. What was sent is what must be paid for in advance; what has left, into the
 * buyer's connection, is what the bill will say: a buyer who hangs up does not pay for what still waited here.
 */
export class Delivery {
  private readonly gone: AnswerTokens;
  /** Each a text of its own: a word that has left by half counts here as the whole that it is. */
  private readonly all: AnswerTokens;
  private readonly queue: Answer[] = [];
  /** Pictures or films that have left, or the seconds of a sound. */
  media = 0;
  private isSomethingGone = false;
  usage: Usage | null = null;
  finishReason: string | null = null;

  constructor(
    readonly tokenizer: Tokenizer,
    /** What has left of a sound. */
    private readonly onSound?: (piece: Uint8Array) => void,
  ) {
    this.gone = new AnswerTokens(tokenizer);
    this.all = new AnswerTokens(tokenizer);
  }

  /** Notes what is about to be written. */
  send(answer: Answer): void {
    this.usage = answer.usage ?? this.usage;
    this.finishReason = answer.finishReason ?? this.finishReason;
    this.queue.push(answer);
    this.all.add(answer.pieces);
  }

  /** The first so many answers of those that were sent have left. */
  leave(count: number): void {
    for (const answer of this.queue.splice(0, count)) this.note(answer);
  }

  /** A piece of an answer that is no text has left. */
  leaveBytes(bytes: Uint8Array): void {
    this.isSomethingGone = true;
    this.onSound?.(bytes);
  }

  /** Tokens of all that was sent. */
  get sent(): number {
    return this.all.total;
  }

  /** Never less than that, and cheap. */
  get sentAtMost(): number {
    return this.all.totalAtMost;
  }

  /** Whether the buyer has had something of an answer at all. */
  get hasContent(): boolean {
    return this.isSomethingGone;
  }

  get completionTokens(): number {
    return this.gone.completion;
  }

  get reasoningTokens(): number {
    return this.gone.reasoning;
  }

  get outputTokens(): number {
    return this.gone.total;
  }

  private note({ pieces, media = 0, sound, hasContent }: Answer): void {
    this.gone.add(pieces);
    this.media += media;
    if (sound) this.onSound?.(sound);
    this.isSomethingGone ||= hasContent;
  }
}
