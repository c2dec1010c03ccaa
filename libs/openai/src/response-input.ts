import { malformed, unsupported } from './inexpressible.js';
import { isNullish, isObject, type JsonBody } from './json-body.js';

type Message = Readonly<Record<string, unknown>>;

/** Roles of chat; the newer name of an order is known to fewer models. */
const roles: ReadonlyMap<unknown, string> = new Map([
  ['user', 'user'],
  ['assistant', 'assistant'],
  ['system', 'system'],
  ['developer', 'system'],
]);

/** The items of a Responses request as the messages of a chat. */
export function toMessages({ instructions, input }: JsonBody): readonly Message[] {
  const chat = new Conversation();
  if (typeof instructions === 'string') chat.add({ role: 'system', content: instructions });
  if (typeof input === 'string') chat.add({ role: 'user', content: input });
  const items: readonly unknown[] = Array.isArray(input) ? input : [];
  for (const [index, item] of items.entries()) addItem(chat, item, `input[${index}]`);
  return chat.end();
}

/** Gathers what belongs into one message: an answer's words and its calls, and the results of those calls. */
export class Conversation {
  private readonly messages: Message[] = [];
  private pictures: unknown[] = [];

  add(message: Message): void {
    this.showPictures();
    this.messages.push(message);
  }

  /** To the answer that it stands behind. */
  call(id: string, name: string, text: string): void {
    const call = { id, type: 'function', function: { name, arguments: text } };
    const last = this.pictures.length === 0 ? this.messages.at(-1) : undefined;
    if (last?.role !== 'assistant') {
      this.add({ role: 'assistant', content: null, tool_calls: [call] });
      return;
    }
    const calls: readonly unknown[] = Array.isArray(last.tool_calls) ? last.tool_calls : [];
    this.messages[this.messages.length - 1] = { ...last, tool_calls: [...calls, call] };
  }

  /** Results are texts in chat. Pictures among them follow when all results of the turn are there. */
  result(id: string, text: string, pictures: readonly unknown[]): void {
    this.messages.push({ role: 'tool', tool_call_id: id, content: text });
    this.pictures.push(...pictures);
  }

  end(): readonly Message[] {
    this.showPictures();
    return this.messages;
  }

  private showPictures(): void {
    if (this.pictures.length === 0) return;
    this.messages.push({ role: 'user', content: this.pictures });
    this.pictures = [];
  }
}

function addItem(chat: Conversation, item: unknown, at: string): void {
  if (!isObject(item)) throw malformed(at, 'an object');
  const { type } = item;
  if (isNullish(type) || type === 'message') chat.add(messageOf(item, at));
  else if (type === 'function_call') {
    chat.call(textAt(item, 'call_id', at), textAt(item, 'name', at), textAt(item, 'arguments', at));
  } else if (type === 'function_call_output') addResult(chat, item, at);
  // What a model has thought in an earlier turn is not shown to it again.
  else if (type !== 'reasoning') throw unsupported(`${at}.type`, `an item of type ${shown(type)}`);
}

function messageOf({ role, content }: JsonBody, at: string): Message {
  const known = roles.get(role);
  if (known === undefined) {
    throw malformed(`${at}.role`, '`user`, `assistant`, `system` or `developer`');
  }
  if (typeof content === 'string') return { role: known, content };
  if (!Array.isArray(content)) throw malformed(`${at}.content`, 'a text or a list of parts');
  const parts = content.map((part, index) => partOf(part, `${at}.content[${index}]`));
  // Words alone are a text to every model; lists of parts are known to fewer.
  const texts = parts.map((part) => (part.type === 'text' ? part.text : undefined));
  const isText = texts.every((text) => typeof text === 'string');
  return { role: known, content: isText && known !== 'user' ? texts.join('') : parts };
}

function addResult(chat: Conversation, item: JsonBody, at: string): void {
  const id = textAt(item, 'call_id', at);
  const { output } = item;
  if (typeof output === 'string') {
    chat.result(id, output, []);
    return;
  }
  if (!Array.isArray(output)) throw malformed(`${at}.output`, 'a text or a list of parts');
  const parts = output.map((part, index) => partOf(part, `${at}.output[${index}]`));
  const texts = parts.flatMap((part) => (part.type === 'text' ? [String(part.text)] : []));
  chat.result(
    id,
    texts.join('\n'),
    parts.filter(({ type }) => type !== 'text'),
  );
}

const textTypes: ReadonlySet<unknown> = new Set(['input_text', 'output_text', 'text']);

/** A part of a message or of a call's result, in chat's words. */
function partOf(part: unknown, at: string): Message {
  if (!isObject(part)) throw malformed(at, 'an object');
  if (textTypes.has(part.type)) return { type: 'text', text: textAt(part, 'text', at) };
  if (part.type === 'refusal') return { type: 'text', text: textAt(part, 'refusal', at) };
  if (part.type === 'input_image') return imageOf(part, at);
  if (part.type === 'input_audio' && isObject(part.input_audio)) {
    return { type: 'input_audio', input_audio: part.input_audio };
  }
  throw unsupported(`${at}.type`, `a part of type ${shown(part.type)}`);
}

function imageOf({ image_url: url, file_id: fileId, detail }: JsonBody, at: string): Message {
  if (!isNullish(fileId)) throw unsupported(`${at}.file_id`, 'a file that is kept elsewhere');
  if (typeof url !== 'string') throw malformed(`${at}.image_url`, 'an address');
  return { type: 'image_url', image_url: { url, ...(typeof detail === 'string' && { detail }) } };
}

export function textAt(item: JsonBody, name: string, at: string): string {
  const value = item[name];
  if (typeof value !== 'string') throw malformed(`${at}.${name}`, 'a text');
  return value;
}

/** A stranger's word, fit for a message. */
export function shown(value: unknown): string {
  return typeof value === 'string' ? `\`${value.slice(0, 64)}\`` : 'that kind';
}
