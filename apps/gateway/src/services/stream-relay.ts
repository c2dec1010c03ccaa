import { type Answer, type SseEvent, SseEventTooLarge, SseReader } from '@aisbf/openai';
import type { Clock } from '@aisbf/platform';
import type { Delivery } from '../domain/delivery.js';
import { faults } from '../domain/faults.js';
import type { AttemptFailure } from '../domain/upstream-answer.js';
import { type Exchange, type RelayEnd, remember } from './answer-relay.js';
import type { Notice, OutputHold } from './output-hold.js';
import type { SoundMeter } from './sound-meters.js';
import { UpstreamBroken } from './upstream.js';

export type StreamParts = Readonly<{
  exchange: Exchange;
  delivery: Delivery;
  hold: OutputHold;
  clock: Clock;
  /** Where a sound is sold by its length. */
  sound?: SoundMeter | undefined;
  /** The buyer wants a last chunk with counts. */
  usage: Readonly<{ promptTokens: number }> | undefined;
}>;

/** What one event means for the stream. */
type Taken =
  | Readonly<{ kind: 'nothing' }>
  | Readonly<{ kind: 'failed'; failure: AttemptFailure }>
  | Readonly<{ kind: 'answer'; answer: Answer; data: string }>;

/**
 * Passes a stream on event by event. Until the first word of an answer everything can still be taken back, since what
 * comes before it is held back for a while; after it a failure is told as one and breaks the connection.
 */
export class StreamRelay {
  private readonly reader: SseReader;
  private pending: Uint8Array[] = [];
  private pendingAnswers = 0;
  private pendingBytes = 0;
  /** When the first event came that is held back. */
  private startedUpAtMs: number | undefined;
  /** There was a word, or an end that says why there is none. */
  private hasSubstance = false;
  private hasBegun = false;
  private isDone = false;

  constructor(private readonly parts: StreamParts) {
    this.reader = new SseReader(parts.exchange.limits.eventBytesMax);
  }

  async run(): Promise<RelayEnd> {
    const { answer, buyer } = this.parts.exchange;
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
    for await (const chunk of this.parts.exchange.answer.body) {
      this.parts.exchange.onBytes();
      const failure = await this.relay(this.reader.push(chunk));
      if (failure) return this.fail(failure);
      if (this.isDone) break;
    }
    return this.finish();
  }

  /** Writes what one read has brought in one go; gives the failure that it holds, if any. */
  private async relay(events: readonly SseEvent[]): Promise<AttemptFailure | undefined> {
    let failure: AttemptFailure | undefined;
    for (const came of events) {
      const event = this.turned(came);
      const taken = this.take(event);
      if (taken.kind === 'failed') failure = taken.failure;
      else if (taken.kind === 'answer') await this.pass(event, taken);
      if (failure || this.isDone) break;
    }
    if (this.pending.length > 0 && !(failure && !this.hasBegun) && !this.isStartingUp()) {
      await this.flush();
    }
    return failure;
  }

  private turned(event: SseEvent): SseEvent {
    const { turn } = this.parts.exchange;
    if (!turn) return event;
    const text = Buffer.from(event.bytes).toString();
    const turned = turn(text);
    if (turned === text) return event;
    const data = event.data === undefined ? {} : { data: turn(event.data) };
    return { ...event, ...data, bytes: Buffer.from(turned) };
  }

  private take(event: SseEvent): Taken {
    if (event.data === undefined) {
      // Comments before an answer only keep the line alive; the buyer's line is not open yet.
      if (this.hasBegun) this.pending.push(event.bytes);
      return { kind: 'nothing' };
    }
    const result = this.parts.exchange.telling.read(event.data);
    if (result.kind === 'error') return { kind: 'failed', failure: 'error_in_answer' };
    if (result.kind === 'garbage') return { kind: 'failed', failure: 'garbage' };
    if (result.kind === 'answer') return { ...result, data: event.data };
    this.isDone = true;
    return this.hasBegun || this.hasSubstance
      ? { kind: 'nothing' }
      : { kind: 'failed', failure: 'empty' };
  }

  /** Waits only where the money for it is used up; then what is paid for goes out first. */
  private pass(event: SseEvent, { answer, data }: Extract<Taken, { kind: 'answer' }>) {
    const { hold, delivery } = this.parts;
    if (hold.covers(delivery, answer.text)) return this.send(event, answer, data);
    return this.passWhenPaid(event, answer, data);
  }

  private async passWhenPaid(event: SseEvent, answer: Answer, data: string): Promise<void> {
    const { hold, delivery, exchange } = this.parts;
    if (this.pending.length > 0) await this.flush();
    else exchange.onServing();
    const notice = await exchange.heldBackBy(hold.provide(delivery, answer.text));
    if (notice === undefined) this.send(event, answer, data);
    else this.cutShort(data, notice);
  }

  private send({ bytes }: SseEvent, answer: Answer, data: string): undefined {
    this.parts.delivery.send(answer);
    const told = this.parts.exchange.telling.event(data);
    const written = told === undefined ? bytes : Buffer.from(told);
    this.pending.push(written);
    this.pendingBytes += written.length;
    this.pendingAnswers += 1;
    this.hasSubstance ||= answer.hasContent || answer.finishReason !== null;
  }

  /** Nothing has been said yet, and waiting for it is neither too much nor too long. */
  private isStartingUp(): boolean {
    if (this.hasBegun || this.hasSubstance || this.isDone) return false;
    const nowMs = this.parts.clock.nowMs();
    this.startedUpAtMs ??= nowMs;
    const { bytesMax, msMax } = this.parts.exchange.limits.startUp;
    return this.pendingBytes <= bytesMax && nowMs - this.startedUpAtMs <= msMax;
  }

  /** Ends the answer in the upstream's place, in the form that it would have had. */
  private cutShort(data: string, notice: Notice): void {
    const { usage, delivery, exchange } = this.parts;
    exchange.answer.cancel();
    const counts = usage && { ...usage, completionTokens: delivery.sent };
    const end = exchange.telling.endEarly({ data, notice, usage: counts });
    this.pending.push(Buffer.from(end));
    delivery.finishReason = 'length';
    this.isDone = true;
  }

  private async flush(): Promise<void> {
    const { pending, pendingAnswers } = this;
    const { exchange, delivery, sound } = this.parts;
    this.pending = [];
    this.pendingAnswers = 0;
    this.pendingBytes = 0;
    if (!this.hasBegun) {
      exchange.onServing();
      exchange.buyer.beginStream(exchange.head());
    }
    this.hasBegun = true;
    const bytes = pending.length === 1 && pending[0] ? pending[0] : Buffer.concat(pending);
    await exchange.heldBackBy(exchange.buyer.write(bytes, () => delivery.leave(pendingAnswers)));
    if (sound) await exchange.heldBackBy(sound.keep());
  }

  /** An end counts as one if the upstream said so, by `[DONE]` or by a finish reason. */
  private async finish(): Promise<RelayEnd> {
    const last = this.isDone ? undefined : this.reader.end();
    const failure = last && (await this.relay([last]));
    if (failure) return this.fail(failure);
    if (!this.hasBegun) return this.fail('empty');
    const { delivery, exchange } = this.parts;
    if (!this.isDone && delivery.finishReason === null) return this.fail('cut');
    const done = exchange.telling.done();
    await remember(exchange);
    if (done !== '') await exchange.buyer.write(Buffer.from(done), () => undefined);
    const hasAllLeft = await exchange.heldBackBy(exchange.buyer.endStream());
    return { kind: 'ended', end: hasAllLeft ? 'finished' : 'buyer_left' };
  }

  private fail(failure: AttemptFailure): RelayEnd {
    if (!this.hasBegun) return { kind: 'failed', failure };
    const fault = failure === 'timeout' ? faults.STREAM_TIMED_OUT() : faults.STREAM_CUT();
    const { buyer, telling } = this.parts.exchange;
    buyer.breakStream(fault, telling.failed);
    return { kind: 'ended', end: 'failed', failure };
  }
}
