import { isObject, type JsonBody, readJsonBody } from './json-body.js';
import type { Usage } from './usage.js';

/** One event of a session, whoever has sent it. */
export type RealtimeEvent = Readonly<{ type: string; body: JsonBody }>;

/** Reads a frame; undefined where it is no event. */
export function readRealtimeEvent(text: string): RealtimeEvent | undefined {
  const read = readJsonBody(text);
  if ('problem' in read) return undefined;
  const { body } = read;
  return typeof body.type === 'string' ? { type: body.type, body } : undefined;
}

/** Text that belongs to an answer. Each `part` is a text of its own. */
export type RealtimePart = Readonly<{
  part: string;
  text: string;
  /** All of it so far; otherwise what follows what was there. */
  isWhole: boolean;
}>;

/** What the model says of one answer. */
export type RealtimeUsage = Usage &
  Readonly<{
    /** Whether words are told apart from sound; otherwise both are in one figure. */
    isToldApart: boolean;
  }>;

/** What an event of the model's says that matters to whoever counts. */
export type RealtimeNews =
  | Readonly<{ kind: 'response-created'; responseId: string }>
  | Readonly<{
      kind: 'answer';
      responseId: string;
      parts: readonly RealtimePart[];
      soundBytes: number;
    }>
  | Readonly<{
      kind: 'response-done';
      responseId: string;
      status: string;
      parts: readonly RealtimePart[];
      usage: RealtimeUsage | null;
    }>
  | Readonly<{ kind: 'session-updated' }>
  | Readonly<{ kind: 'error'; eventId: string | null }>
  | Readonly<{ kind: 'other' }>;

const other = { kind: 'other' } as const;
const soundDelta = /^response\.(?:output_)?audio\.delta$/;

/** Reads what a model sends, in the names of today's API and of its beta. */
export function readRealtimeNews({ type, body }: RealtimeEvent): RealtimeNews {
  const { response } = body;
  if (type === 'error') return { kind: 'error', eventId: textOr(body.error, 'event_id') };
  if (type === 'session.updated') return { kind: 'session-updated' };
  if (type === 'response.created' && isObject(response)) {
    return { kind: 'response-created', responseId: String(response.id) };
  }
  if (type === 'response.done' && isObject(response)) return doneNews(response);
  if (typeof body.response_id !== 'string') return other;
  return {
    kind: 'answer',
    responseId: body.response_id,
    parts: partsOf(type, body),
    soundBytes: soundDelta.test(type) ? bytesOfBase64(body.delta) : 0,
  };
}

function doneNews(response: JsonBody): RealtimeNews {
  const items = Array.isArray(response.output) ? response.output.filter(isObject) : [];
  return {
    kind: 'response-done',
    responseId: String(response.id),
    status: String(response.status),
    parts: items.flatMap(itemParts),
    usage: readRealtimeUsage(response.usage),
  };
}

function partsOf(type: string, body: JsonBody): readonly RealtimePart[] {
  const { delta, item, part } = body;
  if (isObject(item)) return itemParts(item);
  if (isObject(part)) {
    return wholes(contentPart(body.item_id, body.content_index), part.text, part.transcript);
  }
  if (soundDelta.test(type)) return [];
  const isArguments = body.content_index === undefined;
  const name = isArguments
    ? argumentsPart(body.item_id)
    : contentPart(body.item_id, body.content_index);
  if (typeof delta === 'string') return [{ part: name, text: delta, isWhole: false }];
  return wholes(name, body.text, body.transcript, body.arguments);
}

/** An item may come before anything of it has, and comes again when it is whole. */
function itemParts(item: JsonBody): readonly RealtimePart[] {
  const contents = Array.isArray(item.content) ? item.content : [];
  return [
    ...wholes(`${item.id}/name`, item.name),
    ...wholes(argumentsPart(item.id), item.arguments),
    ...contents.flatMap((content, index) =>
      isObject(content)
        ? wholes(contentPart(item.id, index), content.text, content.transcript)
        : [],
    ),
  ];
}

function contentPart(itemId: unknown, index: unknown): string {
  return `${itemId}/${index}`;
}

function argumentsPart(itemId: unknown): string {
  return `${itemId}/arguments`;
}

function wholes(part: string, ...texts: readonly unknown[]): readonly RealtimePart[] {
  return texts
    .filter((text) => typeof text === 'string')
    .map((text) => ({ part, text, isWhole: true }));
}

/** How many bytes stand in base64; of what is no text, none. */
export function bytesOfBase64(value: unknown): number {
  if (typeof value !== 'string') return 0;
  return Math.floor((value.replace(/=+$/, '').length * 3) / 4);
}

/**
 * What the model says that it has read and written of words. Sound has a measure of its own, and is left out where it is told
 * apart.
 */
function readRealtimeUsage(value: unknown): RealtimeUsage | null {
  if (!isObject(value)) return null;
  const input = isObject(value.input_token_details) ? value.input_token_details : {};
  const output = isObject(value.output_token_details) ? value.output_token_details : {};
  const cached = isObject(input.cached_tokens_details) ? input.cached_tokens_details : {};
  const promptTokens = firstCount(input.text_tokens, value.input_tokens);
  const completionTokens = firstCount(output.text_tokens, value.output_tokens);
  if (promptTokens === undefined || completionTokens === undefined) return null;
  const cachedPromptTokens = firstCount(cached.text_tokens, input.cached_tokens);
  return {
    promptTokens,
    completionTokens,
    isToldApart: firstCount(output.text_tokens) !== undefined,
    ...(cachedPromptTokens !== undefined && { cachedPromptTokens }),
  };
}

/** Above this a figure is not a count but an accident or a lie. */
const believableMax = 1_000_000_000;

function firstCount(...values: readonly unknown[]): number | undefined {
  return values.find(
    (value): value is number =>
      typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= believableMax,
  );
}

function textOr(value: unknown, name: string): string | null {
  const text = isObject(value) ? value[name] : undefined;
  return typeof text === 'string' ? text : null;
}
