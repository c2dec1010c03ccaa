import { isObject } from './json-body.js';
import { readUsage, type Usage } from './usage.js';

/** One thing that a chat model says: words, or a piece of a call. */
export type ChatPart =
  | Readonly<{ kind: 'reasoning' | 'text' | 'refusal'; text: string }>
  | Readonly<{ kind: 'call'; index: number; id: string | null; name: string; arguments: string }>;

/** What one chunk or a whole answer says, in the order in which it is read. */
export type ChatSaid = Readonly<{
  model: string | null;
  parts: readonly ChatPart[];
  finishReason: string | null;
  usage: Usage | null;
}>;

type Fields = Readonly<Record<string, unknown>>;

const nothing: ChatSaid = { model: null, parts: [], finishReason: null, usage: null };

/** Reads the first choice; an answer that is told in another form has no other. What is no answer says nothing. */
export function readChatSaid(text: string): ChatSaid {
  const body = parsed(text);
  if (!isObject(body)) return nothing;
  const choices = (Array.isArray(body.choices) ? body.choices : []).filter(isObject);
  const choice = choices.find(({ index }, place) => (index ?? place) === 0) ?? {};
  const message = isObject(choice.delta) ? choice.delta : choice.message;
  return {
    model: typeof body.model === 'string' && body.model !== '' ? body.model : null,
    parts: isObject(message) ? partsOf(message) : [],
    finishReason: typeof choice.finish_reason === 'string' ? choice.finish_reason : null,
    usage: readUsage(body.usage),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // `[DONE]`, for one: it was read before for what it is.
    return undefined;
  }
}

function partsOf(message: Fields): readonly ChatPart[] {
  const calls = Array.isArray(message.tool_calls) ? message.tool_calls.filter(isObject) : [];
  const former = isObject(message.function_call) ? [{ function: message.function_call }] : [];
  return [
    ...words('reasoning', message.reasoning_content ?? message.reasoning),
    ...words('text', message.content),
    ...words('refusal', message.refusal),
    ...[...former, ...calls].map(callOf),
  ];
}

function words(kind: 'reasoning' | 'text' | 'refusal', text: unknown): readonly ChatPart[] {
  return typeof text === 'string' && text !== '' ? [{ kind, text }] : [];
}

function callOf(call: Fields, place: number): ChatPart {
  const called: Fields = isObject(call.function) ? call.function : {};
  return {
    kind: 'call',
    index: typeof call.index === 'number' ? call.index : place,
    id: typeof call.id === 'string' && call.id !== '' ? call.id : null,
    name: textOf(called.name),
    arguments: textOf(called.arguments),
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
