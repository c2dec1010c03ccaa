import type { Tokenizer } from '@aisbf/metering';
import { type Answer, answerOf, type RealtimePart, type RealtimeUsage } from '@aisbf/openai';
import { Delivery } from './delivery.js';

/** What is set aside for one answer, or has been used of it. */
export type AnswerRoom = Readonly<{ tokens: number; ticks: number }>;

/** An answer that was asked for. */
export type AskedAnswer = Readonly<{
  /** The buyer's own name for its question. */
  eventId: string | null;
  promptTokens: number;
  /** Its words become part of the conversation. */
  isKept: boolean;
  /** It may call tools by itself, and then say more. */
  callsTools: boolean;
  room: AnswerRoom;
}>;

/** One answer of a session on its way to the buyer. */
export class RealtimeAnswer {
  readonly delivery: Delivery;
  room: AnswerRoom;
  usage: RealtimeUsage | null = null;
  /** There is no money for the rest of it: nothing more of it is passed on. */
  isSilenced = false;
  /** The first of its items that had words. */
  itemId: string | undefined;
  private soundSent = 0;
  /** Each text of it, and how long it is so far. */
  private readonly parts = new Map<string, { choice: number; length: number }>();

  constructor(
    readonly asked: AskedAnswer,
    tokenizer: Tokenizer,
    /** The sound that it answers. */
    readonly heardTicks: number,
  ) {
    this.room = asked.room;
    this.delivery = new Delivery(tokenizer);
  }

  /** What of this is new: an upstream repeats each text when it is whole. */
  read(parts: readonly RealtimePart[], soundTicks: number): Answer {
    const pieces = parts.flatMap(({ part, text, isWhole }) => {
      const known = this.partOf(part);
      const added = isWhole ? text.slice(known.length) : text;
      known.length += added.length;
      return added === ''
        ? []
        : [{ choice: known.choice, kind: 'completion', text: added } as const];
    });
    return answerOf({ pieces, media: soundTicks });
  }

  send(answer: Answer): void {
    this.soundSent += answer.media ?? 0;
    this.delivery.send(answer);
  }

  /** Whether its room is enough for this too. Counts exactly only near its end. */
  hasRoomFor({ text, media = 0 }: Answer): boolean {
    const { delivery, room } = this;
    if (this.soundSent + media > room.ticks) return false;
    if (delivery.sentAtMost + Buffer.byteLength(text) <= room.tokens) return true;
    return delivery.sent + Buffer.byteLength(text) <= room.tokens;
  }

  /** So much more room as this needs, and a step ahead. */
  roomFor({ text, media = 0 }: Answer, step: AnswerRoom): AnswerRoom {
    const { delivery, room } = this;
    const tokens = delivery.sent + Buffer.byteLength(text);
    const ticks = this.soundSent + media;
    return {
      tokens: tokens > room.tokens ? tokens + step.tokens : room.tokens,
      ticks: ticks > room.ticks ? ticks + step.ticks : room.ticks,
    };
  }

  private partOf(part: string) {
    const known = this.parts.get(part);
    if (known) return known;
    this.itemId ??= part.split('/')[0];
    const fresh = { choice: this.parts.size, length: 0 };
    this.parts.set(part, fresh);
    return fresh;
  }
}
