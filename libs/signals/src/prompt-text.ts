import { isObject } from '@aisbf/openai';

/** The strings of a prompt, as far as they are looked at. */
export type PromptText = Readonly<{
  pieces: readonly string[];
  /** What the user has said last, or else the beginning of everything. */
  asked: string;
  /** Something was left out: beyond the bound, or of a kind that cannot be read. */
  isCut: boolean;
}>;

type Body = Readonly<Record<string, unknown>>;

/** What of the last question tells its subject: its beginning, where the order stands, and its end. */
const askedStart = 2_000;
const askedEnd = 1_000;

/** Pictures, sounds and films: they are named among the inputs, and their bytes are no text. */
const mediaType = /^(input_)?(image|audio|video)(_url)?$/;
/** Parts whose strings are all that there is of them. */
const textType =
  /^(text|input_text|output_text|refusal|thinking|reasoning|reasoning_text|summary_text|tool_use|tool_result|function|object|custom)$/;
/** A picture's address may hold a secret; its bytes are no address. */
const addressLengthMax = 4_096;

/** What a model is shown, under whatever name its endpoint has for it. */
const shownMembers = [
  ...['messages', 'system', 'instructions', 'prompt', 'suffix', 'input', 'query', 'documents'],
  ...['tools', 'functions', 'response_format', 'text', 'metadata', 'user'],
];

/** Everything of a request that its model is shown, up to so many characters. */
export function promptText(body: Body, charactersMax: number): PromptText {
  const walk = new Walk(charactersMax);
  for (const member of shownMembers) walk.read(body[member]);
  return {
    pieces: walk.pieces,
    asked: askedOf(body.messages ?? body.input, walk.pieces),
    isCut: walk.isCut,
  };
}

/** What of a request tells its meaning: the last question, as far as it is looked at. */
export function askedText(body: Body, charactersMax: number): string {
  return promptText(body, charactersMax).asked;
}

class Walk {
  readonly pieces: string[] = [];
  isCut = false;

  constructor(private left: number) {}

  read(value: unknown): void {
    if (typeof value === 'string') this.take(value);
    else if (typeof value === 'number') this.take(String(value));
    else if (Array.isArray(value)) for (const one of value) this.read(one);
    else if (isObject(value)) this.readObject(value);
  }

  private readObject(value: Body): void {
    if (typeof value.type === 'string' && mediaType.test(value.type)) this.readMedia(value);
    else {
      if (isUnreadable(value)) this.isCut = true;
      for (const [name, one] of Object.entries(value)) {
        if (name !== 'type' && name !== 'role') this.read(one);
      }
    }
  }

  /** The words beside its bytes, and its address where it has one. */
  private readMedia(value: unknown): void {
    if (typeof value === 'string') {
      if (value.length <= addressLengthMax && !value.startsWith('data:')) this.take(value);
    } else if (Array.isArray(value)) for (const one of value) this.readMedia(one);
    else if (isObject(value)) for (const one of Object.values(value)) this.readMedia(one);
  }

  private take(text: string): void {
    if (this.left >= text.length) this.pieces.push(text);
    else {
      this.isCut = true;
      if (this.left > 0) this.pieces.push(text.slice(0, this.left));
    }
    this.left = Math.max(0, this.left - text.length);
  }
}

/**
 * Files, and parts of a kind that nobody here knows, may hold more than their strings. JSON schemas have types
 * too: a part is told by the content that it brings.
 */
function isUnreadable(value: Body): boolean {
  if ('file' in value || 'file_data' in value || 'file_id' in value) return true;
  const { type } = value;
  if (typeof type !== 'string' || textType.test(type)) return false;
  return 'data' in value || 'source' in value || 'document' in value || 'input_file' in value;
}

function askedOf(messages: unknown, pieces: readonly string[]): string {
  const all = Array.isArray(messages) ? messages.filter(isObject) : [];
  const last = all.findLast(({ role }) => role === 'user');
  const text = last ? textOf(last.content) : '';
  const asked = text === '' ? pieces.slice(0, 64).join('\n') : text;
  if (asked.length <= askedStart + askedEnd) return asked;
  return `${asked.slice(0, askedStart)}\n${asked.slice(-askedEnd)}`;
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .filter(isObject)
    .map(({ text }) => text)
    .filter((text) => typeof text === 'string')
    .join('\n');
}
