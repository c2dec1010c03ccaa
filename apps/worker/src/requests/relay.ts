import { StringDecoder } from 'node:string_decoder';
import type { WorkerError } from '@aisbf/broker-protocol';
import { isTextType, readBody, textOr } from '../upstream/answer-body.js';
import { type Upstream, type UpstreamAnswer, UpstreamFailure } from '../upstream/upstream.js';
import { relayBytes } from './byte-relay.js';
import type { Reply, WholeAnswer } from './reply.js';
import { ReaderStalled } from './send-window.js';

export type RelayOptions = Readonly<{
  answerBytesMax: number;
  /** Bytes up to this many are sent whole, so that until then another worker can still be asked. */
  heldBytesMax: number;
  isStream: boolean;
  /** Old clients tell of an engine's error as the only piece of a stream, and lose its status. */
  isPlain: boolean;
}>;

/** Passes the engine's answer on: as a stream where it is one, else whole. */
export async function relay(
  upstream: Upstream,
  answer: UpstreamAnswer,
  reply: Reply,
  options: RelayOptions,
): Promise<void> {
  const hasFailed = answer.status >= 400;
  const isBytes = !isTextType(answer.contentType);
  if (reply.takesBytes && !hasFailed && (isBytes || !options.isStream)) {
    // Half of what a message may hold leaves room for its head, whatever that says.
    const heldBytesMax = Math.min(options.heldBytesMax, Math.floor(reply.frameBytesMax / 2));
    return fromEngine(relayBytes(answer, reply, options.isStream ? 0 : heldBytesMax));
  }
  if (options.isStream && !hasFailed && isStreamable(answer)) return relayStream(answer, reply);
  const whole = await wholeAnswer(upstream, answer, options.answerBytesMax);
  if ('code' in whole) return reply.error(whole);
  if (options.isStream && options.isPlain && hasFailed) {
    const { body } = whole;
    const unknown = JSON.stringify({ error: { message: 'engine error' } });
    await reply.piece(typeof body === 'string' ? body : unknown);
    return reply.done();
  }
  reply.answer(whole);
}

/** An engine that was asked for a stream and answers with one JSON object has not made a stream. */
function isStreamable({ contentType }: UpstreamAnswer): boolean {
  return !contentType.toLowerCase().startsWith('application/json');
}

async function relayStream(answer: UpstreamAnswer, reply: Reply): Promise<void> {
  await fromEngine(
    isTextType(answer.contentType) ? relayText(answer, reply) : relayBase64(answer, reply),
  );
  reply.done();
}

/** Whatever breaks while an answer is read is the engine's failure, unless the reader was waited for in vain. */
async function fromEngine<Result>(reading: Promise<Result>): Promise<Result> {
  try {
    return await reading;
  } catch (error) {
    throw error instanceof ReaderStalled ? error : UpstreamFailure.from(error);
  }
}

/** A character whose bytes come in two reads is sent when it is whole. */
async function relayText(answer: UpstreamAnswer, reply: Reply): Promise<void> {
  const decoder = new StringDecoder('utf8');
  for await (const part of answer.body) {
    const text = decoder.write(part);
    if (text !== '') await reply.piece(text);
  }
  const rest = decoder.end();
  if (rest !== '') await reply.piece(rest);
}

async function relayBase64(answer: UpstreamAnswer, reply: Reply): Promise<void> {
  for await (const part of answer.body) await reply.piece(part);
}

async function wholeAnswer(
  upstream: Upstream,
  answer: UpstreamAnswer,
  bytesMax: number,
): Promise<WholeAnswer | WorkerError> {
  const { status, contentType } = answer;
  // It is the seller whom the engine refuses; a buyer would take it for a refusal of his own token.
  if (status === 401 || status === 403) {
    await fromEngine(readBody(answer.body, bytesMax));
    const message = "The worker's engine refuses the worker.";
    return { code: 'upstream_refuses_worker', message, status: 502 };
  }
  const body = await fromEngine(readBody(answer.body, bytesMax));
  if (body === undefined) {
    const message = `The answer is larger than ${bytesMax} bytes.`;
    return { code: 'answer_too_large', message, status: 502 };
  }
  const head = { status_code: status, headers: answer.headers, content_type: contentType };
  const said = textOr(body, contentType);
  const isRedacted = status >= 400 && typeof said === 'string';
  return { ...head, body: isRedacted ? upstream.redact(said) : said };
}
