import type { Answer, Dialect, Telling } from '@aisbf/openai';
import type { Delivery } from '../domain/delivery.js';
import type { WholeAnswer } from '../domain/sealed-answer.js';
import type { AttemptFailure } from '../domain/upstream-answer.js';
import type { AnswerHead, Buyer } from './buyer.js';
import type { OutputHold } from './output-hold.js';
import type { UpstreamAnswer } from './upstream.js';

/** Sizes that bound what one answer may take of memory. */
export class AnswerLimits {
  constructor(
    readonly answerBytesMax: number,
    readonly eventBytesMax: number,
    /** How much of what comes before the first word is held back, and for how long. */
    readonly startUp: Readonly<{ bytesMax: number; msMax: number }>,
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

export type Exchange = Readonly<{
  answer: UpstreamAnswer;
  buyer: Buyer;
  /** Known when the answer begins: until then another one may still be asked. */
  head: () => AnswerHead;
  limits: AnswerLimits;
  dialect: Dialect;
  /** Of this answer alone. */
  telling: Telling;
  /** At every piece of the answer that comes. */
  onBytes: () => void;
  /** The answer is one, and begins to go to the buyer. Throws Outrun where another one does already. */
  onServing: () => void;
  /** Waits for what is not the upstream's business, so that it is not held against its pace. */
  heldBackBy: <Result>(waiting: Promise<Result>) => Promise<Result>;
  /** What becomes of an answer's text before it is read. */
  turn?: ((text: string) => string) | undefined;
  /** What becomes of a whole answer before the buyer gets it. */
  take?: ((body: Buffer) => Promise<Buffer>) | undefined;
  /** Keeps a whole answer for a repeat of its request. */
  keep?: ((answer: WholeAnswer) => Promise<void>) | undefined;
  /** Keeps an answer for requests that build on it. */
  remember?: ((answer: string) => Promise<void>) | undefined;
}>;

/**
 * Reads a whole answer, and passes it on only if it is one. It is there already: where the hold does not pay for it,
 * more is asked for, and what is refused is not held against the buyer.
 */
export async function relayWhole(
  exchange: Exchange,
  delivery: Delivery,
  hold: OutputHold,
): Promise<RelayEnd> {
  const { answer, buyer, limits } = exchange;
  const read = await readWhole(answer.body, limits.answerBytesMax, exchange.onBytes);
  if (read === undefined) return { kind: 'failed', failure: 'too_large' };
  const text = new TextDecoder().decode(read);
  const turned = exchange.turn?.(text) ?? text;
  const result = exchange.dialect.readWhole(turned);
  if (result.kind === 'error') return { kind: 'failed', failure: 'error_in_answer' };
  if (result.kind !== 'answer') return { kind: 'failed', failure: 'garbage' };
  if (isEmptyWithoutReason(result.answer)) return { kind: 'failed', failure: 'empty' };
  exchange.onServing();
  await hold.provide(delivery, result.answer.text);
  const said = turned === text ? read : Buffer.from(turned);
  const body = (await exchange.take?.(said)) ?? said;
  delivery.send(result.answer);
  const told = exchange.telling.whole(turned);
  const { status } = answer;
  const { contentType, body: sent } =
    told === undefined
      ? { contentType: answer.contentType, body }
      : { contentType: 'application/json', body: Buffer.from(told) };
  await remember(exchange);
  const head = exchange.head();
  if (!buyer.answer(head, status, contentType, sent)) return { kind: 'ended', end: 'buyer_left' };
  delivery.leave(1);
  await exchange.keep?.({ ...head, status, contentType, body: sent });
  return { kind: 'ended', end: 'finished' };
}

/** Before the buyer has the end of it: whoever has that may build on it at once. */
export async function remember({ telling, remember, heldBackBy }: Exchange): Promise<void> {
  const memory = remember && telling.memory?.();
  if (memory !== undefined) await heldBackBy(remember?.(memory) ?? Promise.resolve());
}

function isEmptyWithoutReason({ hasContent, finishReason }: Answer): boolean {
  return !hasContent && (finishReason === null || finishReason === 'error');
}

/** The whole body, or undefined where it is larger than it may be. */
export async function readWhole(
  body: AsyncIterable<Uint8Array>,
  bytesMax: number,
  onBytes: () => void,
): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    onBytes();
    size += chunk.length;
    if (size > bytesMax) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}
