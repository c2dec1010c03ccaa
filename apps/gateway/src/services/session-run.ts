import type { Fault } from '@aisbf/faults';
import {
  type Answer,
  bytesOfBase64,
  isObject,
  type RealtimeEvent,
  type RealtimeNews,
  readRealtimeEvent,
  readRealtimeNews,
} from '@aisbf/openai';
import { faults } from '../domain/faults.js';
import type { AnswerRoom, RealtimeAnswer } from '../domain/realtime-answer.js';
import { optionsOf, type SessionBook } from '../domain/session-book.js';
import { type SessionEnd, upstreamEnd } from '../domain/session-end.js';
import type { Frames } from './frames.js';
import type { HoldRefusal, SessionHold } from './session-hold.js';

export type SessionParts = Readonly<{
  buyer: Frames;
  upstream: Frames;
  book: SessionBook;
  hold: SessionHold;
  /** What the buyer calls the model, and what it is called there. */
  names: Readonly<{ route: string; model: string }>;
  /** How much more an answer gets at a time, and sound that is heard. */
  step: AnswerRoom;
  /** In the words of the API. */
  eventOf: (fault: Fault, eventId: string | null) => string;
  /** An upstream's words, without what is nobody's business. */
  asTold: (message: string) => string;
  /** A frame of either side has come. */
  onFrame: (from: 'buyer' | 'upstream') => void;
  /** Nothing more is begun: what is under way ends first. */
  leaving: AbortSignal;
}>;

/** Passes the frames of a session on, both ways, as far as they are paid for. */
export class SessionRun {
  private readonly ended = Promise.withResolvers<SessionEnd>();

  private isOver = false;
  /** Something of the model's waits for the buyer to read, or for money. */
  private isRelaying = false;
  private refusal: HoldRefusal | undefined;

  constructor(private readonly parts: SessionParts) {}

  /** Whether the model is waited for by nobody but the buyer. */
  get isAwaitingModel(): boolean {
    return this.parts.book.isAnswering && !this.isRelaying;
  }

  /** Resolves with why it has ended. Neither side is closed then. */
  async run(): Promise<SessionEnd> {
    const { leaving } = this.parts;
    this.fromBuyer().catch((error: unknown) => this.fail(error));
    this.fromUpstream().catch((error: unknown) => this.fail(error));
    leaving.addEventListener('abort', () => this.leaveIfDone(), { once: true });
    if (leaving.aborted) this.leaveIfDone();
    return this.ended.promise;
  }

  /** The first reason counts. */
  end(end: SessionEnd): void {
    this.isOver = true;
    this.ended.resolve(end);
  }

  fail(error: unknown): void {
    this.isOver = true;
    this.ended.reject(error);
  }

  private async fromBuyer(): Promise<void> {
    const { buyer, onFrame } = this.parts;
    for await (const text of buyer.frames()) {
      if (this.isOver) return;
      onFrame('buyer');
      const event = readRealtimeEvent(text);
      if (event) await this.take(event, text);
      else await this.tell(faults.EVENT_INVALID());
    }
    this.end({ by: 'buyer', code: buyer.closing?.code ?? 1006 });
  }

  private async fromUpstream(): Promise<void> {
    const { upstream, book, onFrame } = this.parts;
    for await (const text of upstream.frames()) {
      if (this.isOver) return;
      const event = readRealtimeEvent(text);
      if (!event) return this.end({ by: 'seller', failure: 'garbage' });
      this.isRelaying = true;
      await this.relay(event, readRealtimeNews(event), text);
      this.isRelaying = false;
      onFrame('upstream');
      this.leaveIfDone();
    }
    const { code = 1006, cause } = upstream.closing ?? {};
    if (cause === 'too_large') this.end({ by: 'seller', failure: 'too_large' });
    else if (cause === 'unreadable') this.end({ by: 'seller', failure: 'garbage' });
    else if (cause === 'silent') this.end({ by: 'seller', failure: 'timeout' });
    else this.end(upstreamEnd(code, book.isAnswering));
  }

  private async take({ type, body }: RealtimeEvent, text: string): Promise<void> {
    const { book, upstream } = this.parts;
    const eventId = typeof body.event_id === 'string' ? body.event_id : null;
    switch (type) {
      case 'session.update':
        return this.updateSession(body, eventId, text);
      case 'response.create':
        return this.ask(body, eventId, text);
      case 'input_audio_buffer.append':
        return this.hear(bytesOfBase64(body.audio), text);
      case 'conversation.item.create':
        book.said(body.item);
        return this.hear(soundIn(body.item), text);
      case 'conversation.item.delete':
        book.dialogue.removed(body.item_id);
        return upstream.send(text);
      default:
        return upstream.send(text);
    }
  }

  /** It may say which model it has, but not have another one. */
  private updateSession(
    body: RealtimeEvent['body'],
    eventId: string | null,
    text: string,
  ): Promise<void> {
    const { book, upstream, names } = this.parts;
    const session = isObject(body.session) ? body.session : {};
    const { model } = session;
    if (model !== undefined && model !== names.route && model !== names.model) {
      return this.tell(faults.SESSION_MODEL_FIXED({ param: 'session.model' }), eventId);
    }
    book.update({ eventId, session });
    if (model === undefined || model === names.model) return upstream.send(text);
    return upstream.send(JSON.stringify({ ...body, session: { ...session, model: names.model } }));
  }

  /** Before an answer is asked for there must be money for one more. */
  private async ask(
    body: RealtimeEvent['body'],
    eventId: string | null,
    text: string,
  ): Promise<void> {
    const { book, hold, leaving } = this.parts;
    if (leaving.aborted) return this.tell(faults.SESSION_LEAVING(), eventId);
    const options = optionsOf(body);
    if (options.model !== undefined) {
      return this.tell(faults.SESSION_MODEL_FIXED({ param: 'response.model' }), eventId);
    }
    const question = book.question(options, eventId);
    const refusal = await hold.provide(book.needs({ question }));
    if (refusal) return this.refuse(refusal, eventId);
    const sound = Array.isArray(options.input) ? options.input.map(soundIn) : [];
    book.ask(question);
    return this.hear(
      sound.reduce((sum, bytes) => sum + bytes, 0),
      text,
    );
  }

  private async hear(bytes: number, text: string): Promise<void> {
    const { book, hold, upstream, step } = this.parts;
    const ticks = book.ticksHeardIn(bytes);
    if (!hold.covers(book.needs({ ticks }))) {
      const wishes = [book.needs({ ticks: ticks + step.ticks }), book.needs({ ticks })];
      const refusal = await hold.provide(...wishes);
      // There is no good place to leave a piece of somebody's speech out.
      if (refusal) return this.endUnpaid(refusal);
    }
    book.hear(ticks);
    return upstream.send(text);
  }

  private async relay(event: RealtimeEvent, news: RealtimeNews, text: string): Promise<void> {
    const { book, buyer } = this.parts;
    switch (news.kind) {
      case 'response-created':
        return this.begin(news.responseId, text);
      case 'answer':
        return this.relayAnswer(news, text);
      case 'response-done':
        return this.relayDone(event, news, text);
      case 'session-updated':
        book.updated();
        return buyer.send(withoutSecret(event.body, text));
      case 'error':
        book.refused(news.eventId);
        return buyer.send(errorAsTold(event.body, this.parts.asTold));
      case 'other':
        return buyer.send(withoutSecret(event.body, text));
      default:
        return news satisfies never;
    }
  }

  /** Where the model has begun by itself, what was not asked beforehand is asked now. */
  private async begin(responseId: string, text: string): Promise<void> {
    const { book, hold, buyer } = this.parts;
    const isAsked = book.hasQuestion;
    if (!book.mayBegin) return this.end({ by: 'seller', failure: 'garbage' });
    const answer = book.begin(responseId);
    const refusal = isAsked ? undefined : await hold.provide(book.needs());
    if (!refusal) return buyer.send(text);
    await this.silence(responseId, answer);
    return this.endUnpaid(refusal);
  }

  private async relayAnswer(
    { responseId, parts, soundBytes }: Extract<RealtimeNews, { kind: 'answer' }>,
    text: string,
  ): Promise<void> {
    const { book, buyer } = this.parts;
    const answer = book.answer(responseId);
    // Of an answer that has ended, or was never begun, there is nothing to come.
    if (!answer || answer.isSilenced) return;
    const piece = answer.read(parts, book.ticksSpokenIn(soundBytes));
    if (!(await this.isPaid(answer, piece))) return this.silenceFor(responseId, answer);
    answer.send(piece);
    return buyer.send(text, () => answer.delivery.leave(1));
  }

  private async relayDone(
    { body }: RealtimeEvent,
    { responseId, parts, status, usage }: Extract<RealtimeNews, { kind: 'response-done' }>,
    text: string,
  ): Promise<void> {
    const { book, buyer } = this.parts;
    const answer = book.answer(responseId);
    if (!answer) return;
    const piece = answer.read(parts, 0);
    const isWhole = !answer.isSilenced && (await this.isPaid(answer, piece));
    if (isWhole) answer.send(piece);
    book.done(answer, usage);
    const hasFailed = status === 'failed';
    return buyer.send(isWhole ? text : cutShort(body), () => {
      if (isWhole) answer.delivery.leave(1);
      book.finish(responseId, hasFailed);
      this.leaveIfDone();
    });
  }

  /** Nothing of an answer is passed on that is not paid for. */
  private async isPaid(answer: RealtimeAnswer, piece: Answer): Promise<boolean> {
    const { book, hold, step } = this.parts;
    if (answer.hasRoomFor(piece)) return true;
    const before = answer.room;
    for (const more of [step, { tokens: 0, ticks: 0 }]) {
      answer.room = answer.roomFor(piece, more);
      this.refusal = hold.covers(book.needs()) ? undefined : await hold.provide(book.needs());
      if (!this.refusal) return true;
      answer.room = before;
    }
    return false;
  }

  private async silenceFor(responseId: string, answer: RealtimeAnswer): Promise<void> {
    const { refusal = 'unheld' } = this;
    await this.silence(responseId, answer);
    await this.refuse(refusal, null);
  }

  /** The model is told to stop; what it says until it does is dropped. */
  private async silence(responseId: string, answer: RealtimeAnswer): Promise<void> {
    answer.isSilenced = true;
    const cancel = { type: 'response.cancel', response_id: responseId };
    await this.parts.upstream.send(JSON.stringify(cancel));
  }

  private async refuse(refusal: HoldRefusal, eventId: string | null): Promise<void> {
    if (refusal === 'token_revoked') return this.end({ by: 'market', reason: 'revoked' });
    if (refusal === 'unheld') return this.end({ by: 'market', reason: 'unheld' });
    await this.tell(unpaidFault(refusal), eventId);
  }

  private async endUnpaid(refusal: HoldRefusal): Promise<void> {
    await this.refuse(refusal, null);
    this.end({ by: 'market', reason: 'unpaid' });
  }

  private tell(fault: Fault, eventId: string | null = null): Promise<void> {
    return this.parts.buyer.send(this.parts.eventOf(fault, eventId));
  }

  private leaveIfDone(): void {
    const { leaving, book } = this.parts;
    if (leaving.aborted && !book.isAnswering) this.end({ by: 'market', reason: 'leaving' });
  }
}

function unpaidFault(refusal: 'insufficient_balance' | 'budget_exceeded'): Fault {
  return refusal === 'budget_exceeded' ? faults.BUDGET_EXCEEDED() : faults.INSUFFICIENT_BALANCE();
}

/** Sound that an item brings along. */
function soundIn(item: unknown): number {
  const content = isObject(item) && Array.isArray(item.content) ? item.content : [];
  return content.filter(isObject).reduce((sum, part) => sum + bytesOfBase64(part.audio), 0);
}

/** The end of an answer whose money has ended: as one that was as long as it might be, and of its words only that it ends. */
function cutShort(body: RealtimeEvent['body']): string {
  const response = isObject(body.response) ? body.response : {};
  const details = { type: 'incomplete', reason: 'max_output_tokens' };
  return JSON.stringify({
    ...body,
    response: { ...response, status: 'incomplete', status_details: details, output: [] },
  });
}

/** Of an error only what the API has, and of its words what may be said. */
function errorAsTold(body: RealtimeEvent['body'], asTold: (message: string) => string): string {
  const { type, code, message, param, event_id: eventId } = isObject(body.error) ? body.error : {};
  const words = asTold(typeof message === 'string' ? message : 'The model has told of an error.');
  const error = { type, code, message: words, param, event_id: eventId };
  return JSON.stringify({ type: 'error', event_id: body.event_id, error });
}

/** Some servers put a key of the seller's into what they tell of a session. */
function withoutSecret(body: RealtimeEvent['body'], text: string): string {
  const { session } = body;
  if (!isObject(session) || !('client_secret' in session)) return text;
  const { client_secret: _secret, ...told } = session;
  return JSON.stringify({ ...body, session: told });
}
