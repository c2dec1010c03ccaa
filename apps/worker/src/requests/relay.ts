import { StringDecoder } from 'node:string_decoder';
import type { HttpAnswer, WorkerError } from '@aisbf/broker-protocol';
import { isTextType, readBody } from '../upstream/answer-body.js';
import { type Upstream, type UpstreamAnswer, UpstreamFailure } from '../upstream/upstream.js';
import type { Reply } from './reply.js';

export type RelayOptions = Readonly<{
  answerBytesMax: number;
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
  if (options.isStream && !hasFailed && isStreamable(answer)) return relayStream(answer, reply);
  const whole = await wholeAnswer(upstream, answer, options.answerBytesMax);
  if ('code' in whole) return reply.error(whole);
  if (options.isStream && options.isPlain && hasFailed) {
    await reply.piece(whole.body ?? JSON.stringify({ error: { message: 'engine error' } }));
    return reply.done();
  }
  reply.answer(whole);
}

/** An engine that was asked for a stream and answers with one JSON object has not made a stream. */
function isStreamable({ contentType }: UpstreamAnswer): boolean {
  return !contentType.toLowerCase().startsWith('application/json');
}

async function relayStream(answer: UpstreamAnswer, reply: Reply): Promise<void> {
  try {
    if (isTextType(answer.contentType)) await relayText(answer, reply);
    else await relayBytes(answer, reply);
  } catch (error) {
    throw UpstreamFailure.from(error);
  }
  reply.done();
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

async function relayBytes(answer: UpstreamAnswer, reply: Reply): Promise<void> {
  for await (const part of answer.body) {
    const bytes: Buffer = part;
    await reply.piece({ data_base64: bytes.toString('base64') });
  }
}

async function wholeAnswer(
  upstream: Upstream,
  answer: UpstreamAnswer,
  bytesMax: number,
): Promise<HttpAnswer | WorkerError> {
  const { status, contentType } = answer;
  // It is the seller whom the engine refuses; a buyer would take it for a refusal of his own token.
  if (status === 401 || status === 403) {
    await readWhole(answer, bytesMax);
    const message = "The worker's engine refuses the worker.";
    return { code: 'upstream_refuses_worker', message, status: 502 };
  }
  const body = await readWhole(answer, bytesMax);
  if (body === undefined) {
    const message = `The answer is larger than ${bytesMax} bytes.`;
    return { code: 'answer_too_large', message, status: 502 };
  }
  const head = { status_code: status, headers: answer.headers, content_type: contentType };
  const text = isTextType(contentType) ? toText(body) : undefined;
  if (text === undefined) return { ...head, body_base64: body.toString('base64') };
  return { ...head, body: status >= 400 ? upstream.redact(text) : text };
}

async function readWhole(answer: UpstreamAnswer, bytesMax: number): Promise<Buffer | undefined> {
  try {
    return await readBody(answer.body, bytesMax);
  } catch (error) {
    throw UpstreamFailure.from(error);
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Undefined where the bytes are no UTF-8, whatever their type says: they then travel as bytes. */
function toText(body: Buffer): string | undefined {
  try {
    return utf8.decode(body);
  } catch {
    return undefined;
  }
}
