import { DeliveredTokens } from '@aisbf/metering';
import {
  type ChatAnswer,
  readChatAnswer,
  readChatEvent,
  type SseEvent,
  SseEventTooLarge,
  SseReader,
  type Usage,
} from '@aisbf/openai';
import { faults } from '../domain/faults.js';
import type { AttemptFailure } from '../domain/upstream-answer.js';
import type { AnswerHead, Buyer } from './buyer.js';
import { type UpstreamAnswer, UpstreamBroken } from './upstream.js';

/** Sizes that bound what one answer may take of memory. */
export class AnswerLimits {
  constructor(
    readonly answerBytesMax: number,
    readonly eventBytesMax: number,
  ) {}
}

/** `failed`: nothing has gone to the buyer, somebody else may try. `ended`: the buyer has had an answer. */
export type RelayEnd =
  | Readonly<{ kind: 'failed'; failure: AttemptFailure }>
  | Readonly<{
      kind: 'ended';
      end: 'finished' | 'buyer_left' | 'failed';
      failure?: AttemptFailure;
    }>;

type Exchange = Readonly<{
  answer: UpstreamAnswer;
  buyer: Buyer;
  head: AnswerHead;
  limits: AnswerLimits;
  onFirstByte: () => void;
}>;

const doneEvent = new TextEncoder().encode('data: [DONE]\n\n');

/** What has been delivered so far, as the bill will say it. */
export class Delivery {
  readonly tokens = new DeliveredTokens();
  usage: Usage | null = null;
  finishReason: string | null = null;

  add(part: ChatAnswer): void {
    this.tokens.append(part.text);
    this.usage = part.usage ?? this.usage;
    this.finishReason = part.finishReason ?? this.finishReason;
  }
}

/** Reads a whole answer, and passes it on only if it is one. */
export async function relayWhole(exchange: Exchange, delivery: Delivery): Promise<RelayEnd> {
  const { answer, buyer, head, limits } = exchange;
  const body = await readWhole(answer.body, limits.answerBytesMax, exchange.onFirstByte);
  if (body === undefined) return { kind: 'failed', failure: 'too_large' };
  const result = readChatAnswer(new TextDecoder().decode(body));
  if (result.kind === 'error') return { kind: 'failed', failure: 'error_in_answer' };
  if (result.kind !== 'answer') return { kind: 'failed', failure: 'garbage' };
  if (isEmptyWithoutReason(result.answer)) return { kind: 'failed', failure: 'empty' };
  if (!buyer.answer(head, answer.status, answer.contentType, body)) {
    return { kind: 'ended', end: 'buyer_left' };
  }
  delivery.add(result.answer);
  return { kind: 'ended', end: 'finished' };
}

function isEmptyWithoutReason({ text, finishReason }: ChatAnswer): boolean {
  return text === '' && (finishReason === null || finishReason === 'error');
}

/** The whole body, or undefined where it is larger than it may be. */
export async function readWhole(
  body: AsyncIterable<Uint8Array>,
  bytesMax: number,
  onFirstByte: () => void,
): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    onFirstByte();
    size += chunk.length;
    if (size > bytesMax) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

/**
 * Passes a stream on event by event. Until the first event of an answer everything can still be taken back;
 * after it a failure is told as one and breaks the connection.
 */
export class StreamRelay {
  private readonly reader: SseReader;
  private hasBegun = false;
  private isDone = false;

  constructor(
    private readonly exchange: Exchange,
    private readonly delivery: Delivery,
  ) {
    this.reader = new SseReader(exchange.limits.eventBytesMax);
  }

  async run(): Promise<RelayEnd> {
    const { answer, buyer } = this.exchange;
    if (!answer.contentType.includes('text/event-stream')) return this.fail('garbage');
    try {
      return await this.relayAll();
    } catch (error) {
      if (buyer.left.aborted) return { kind: 'ended', end: 'buyer_left' };
      if (error instanceof UpstreamBroken) return this.fail(error.isTimeout ? 'timeout' : 'cut');
      if (error instanceof SseEventTooLarge) return this.fail('too_large');
      throw error;
    }
  }

  private async relayAll(): Promise<RelayEnd> {
    for await (const chunk of this.exchange.answer.body) {
      this.exchange.onFirstByte();
      const failure = await this.relay(this.reader.push(chunk));
      if (failure) return this.fail(failure);
      if (this.isDone) break;
    }
    return this.finish();
  }

  /** Writes what one read has brought in one go; gives the failure that it holds, if any. */
  private async relay(events: readonly SseEvent[]): Promise<AttemptFailure | undefined> {
    const pending: Uint8Array[] = [];
    let failure: AttemptFailure | undefined;
    for (const event of events) {
      failure = this.take(event, pending);
      if (failure || this.isDone) break;
    }
    if (pending.length > 0) await this.write(pending);
    return failure;
  }

  private take(event: SseEvent, pending: Uint8Array[]): AttemptFailure | undefined {
    if (event.data === undefined) {
      // Comments before an answer only keep the line alive; the buyer's line is not open yet.
      if (this.hasBegun) pending.push(event.bytes);
      return undefined;
    }
    const result = readChatEvent(event.data);
    if (result.kind === 'error') return 'error_in_answer';
    if (result.kind === 'garbage') return 'garbage';
    if (result.kind === 'done') {
      this.isDone = true;
      return this.hasBegun || pending.length > 0 ? undefined : 'empty';
    }
    this.delivery.add(result.answer);
    pending.push(event.bytes);
    return undefined;
  }

  private async write(pending: readonly Uint8Array[]): Promise<void> {
    const { buyer, head } = this.exchange;
    if (!this.hasBegun) buyer.beginStream(head);
    this.hasBegun = true;
    await buyer.write(pending.length === 1 && pending[0] ? pending[0] : Buffer.concat(pending));
  }

  /** An end counts as one if the upstream said so, by `[DONE]` or by a finish reason. */
  private async finish(): Promise<RelayEnd> {
    const last = this.isDone ? undefined : this.reader.end();
    const failure = last && (await this.relay([last]));
    if (failure) return this.fail(failure);
    if (!this.hasBegun) return this.fail('empty');
    if (!this.isDone && this.delivery.finishReason === null) return this.fail('cut');
    await this.exchange.buyer.write(doneEvent);
    this.exchange.buyer.endStream();
    return { kind: 'ended', end: 'finished' };
  }

  private fail(failure: AttemptFailure): RelayEnd {
    if (!this.hasBegun) return { kind: 'failed', failure };
    const fault = failure === 'timeout' ? faults.STREAM_TIMED_OUT() : faults.STREAM_CUT();
    this.exchange.buyer.breakStream(fault);
    return { kind: 'ended', end: 'failed', failure };
  }
}
