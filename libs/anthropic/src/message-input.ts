import {
  Conversation,
  isNullish,
  isObject,
  type JsonBody,
  malformed,
  unsupported,
} from '@aisbf/openai';

type Part = Readonly<Record<string, unknown>>;

/** The messages of an Anthropic request as those of a chat. */
export function toChatMessages({ system, messages }: JsonBody): readonly Part[] {
  const chat = new Conversation();
  if (!isNullish(system)) chat.add({ role: 'system', content: systemText(system) });
  const list: readonly unknown[] = Array.isArray(messages) ? messages : [];
  for (const [index, message] of list.entries()) addMessage(chat, message, `messages[${index}]`);
  return chat.end();
}

function systemText(system: unknown): string {
  if (typeof system === 'string') return system;
  if (!Array.isArray(system)) throw malformed('system', 'a text or a list of texts');
  return system.map((block, index) => textOf(block, `system[${index}]`)).join('\n');
}

function textOf(block: unknown, at: string): string {
  if (!isObject(block)) throw malformed(at, 'an object');
  if (block.type !== 'text')
    throw unsupported(`${at}.type`, `a block of type ${shown(block.type)}`);
  return textAt(block, 'text', at);
}

function addMessage(chat: Conversation, message: unknown, at: string): void {
  if (!isObject(message)) throw malformed(at, 'an object');
  const { role, content } = message;
  if (role !== 'user' && role !== 'assistant') {
    throw malformed(`${at}.role`, '`user` or `assistant`');
  }
  if (typeof content === 'string') {
    chat.add({ role, content });
    return;
  }
  if (!Array.isArray(content)) throw malformed(`${at}.content`, 'a text or a list of blocks');
  const blocks = content.map((block: unknown, index) => {
    if (!isObject(block)) throw malformed(`${at}.content[${index}]`, 'an object');
    return { block, at: `${at}.content[${index}]` };
  });
  if (role === 'user') addUserBlocks(chat, blocks);
  else addAssistantBlocks(chat, blocks);
}

type Block = Readonly<{ block: Part; at: string }>;

/** Results stand right behind the calls in chat, so they go before whatever else the user says. */
function addUserBlocks(chat: Conversation, blocks: readonly Block[]): void {
  const parts: Part[] = [];
  for (const { block, at } of blocks) {
    if (block.type === 'tool_result') addResult(chat, block, at);
    else parts.push(partOf(block, at));
  }
  if (parts.length > 0) chat.add({ role: 'user', content: parts });
}

function addResult(chat: Conversation, block: Part, at: string): void {
  const id = textAt(block, 'tool_use_id', at);
  const { content } = block;
  if (typeof content === 'string' || isNullish(content)) {
    chat.result(id, content ?? '', []);
    return;
  }
  if (!Array.isArray(content)) throw malformed(`${at}.content`, 'a text or a list of blocks');
  const parts = content.map((part: unknown, index) => partOf(part, `${at}.content[${index}]`));
  const texts = parts.flatMap((part) => (part.type === 'text' ? [String(part.text)] : []));
  chat.result(
    id,
    texts.join('\n'),
    parts.filter(({ type }) => type !== 'text'),
  );
}

function partOf(block: unknown, at: string): Part {
  if (!isObject(block)) throw malformed(at, 'an object');
  if (block.type === 'image') return imageOf(block, at);
  return { type: 'text', text: textOf(block, at) };
}

function imageOf({ source }: Part, at: string): Part {
  if (!isObject(source)) throw malformed(`${at}.source`, 'an object');
  if (source.type === 'url') {
    return { type: 'image_url', image_url: { url: textAt(source, 'url', `${at}.source`) } };
  }
  if (source.type !== 'base64') {
    throw unsupported(`${at}.source.type`, `a picture of type ${shown(source.type)}`);
  }
  const mediaType = textAt(source, 'media_type', `${at}.source`);
  const data = textAt(source, 'data', `${at}.source`);
  return { type: 'image_url', image_url: { url: `data:${mediaType};base64,${data}` } };
}

const thoughts: ReadonlySet<unknown> = new Set(['thinking', 'redacted_thinking']);

/** What a model has thought in an earlier turn is not shown to it again. */
function addAssistantBlocks(chat: Conversation, blocks: readonly Block[]): void {
  const said = blocks.filter(({ block }) => !thoughts.has(block.type));
  const texts = said.filter(({ block }) => block.type !== 'tool_use');
  if (texts.length > 0) {
    const content = texts.map(({ block, at }) => textOf(block, at)).join('');
    chat.add({ role: 'assistant', content });
  }
  for (const { block, at } of said) {
    if (block.type !== 'tool_use') continue;
    const input = JSON.stringify(block.input ?? {});
    chat.call(textAt(block, 'id', at), textAt(block, 'name', at), input);
  }
}

function textAt(block: Part, name: string, at: string): string {
  const value = block[name];
  if (typeof value !== 'string') throw malformed(`${at}.${name}`, 'a text');
  return value;
}

/** A stranger's word, fit for a message. */
export function shown(value: unknown): string {
  return typeof value === 'string' ? `\`${value.slice(0, 64)}\`` : 'that kind';
}
