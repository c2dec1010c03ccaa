import type { ChatPart } from './chat-said.js';
import type { JsonBody } from './json-body.js';

type Event = Readonly<{ type: string; [field: string]: unknown }>;
type Status = 'in_progress' | 'completed' | 'incomplete';

/** One text of an item: each kind has events of its own. */
type Text = { kind: 'reasoning' | 'text' | 'refusal'; text: string };

const prefixes = { reasoning: 'rs', text: 'msg', refusal: 'msg', call: 'fc' } as const;
const eventNames = {
  reasoning: 'reasoning_text',
  text: 'output_text',
  refusal: 'refusal',
} as const;

/** One item of a response's output while it is said: a thought, a message or a call. */
export class ResponseItem {
  private readonly id: string;
  private readonly texts: Text[] = [];
  private readonly call: Readonly<{ index: number; id: string; name: string }> | undefined;
  private callArguments = '';
  private status: Status = 'in_progress';

  constructor(
    private readonly first: ChatPart,
    requestId: string,
    private readonly place: number,
  ) {
    this.id = `${prefixes[first.kind]}_${requestId}_${place}`;
    if (first.kind === 'call') {
      const { index, name, id } = first;
      this.call = { index, name, id: id ?? `call_${requestId}_${place}` };
    }
  }

  /** Whether this goes on with it. */
  takes(part: ChatPart): boolean {
    if (part.kind === 'call') return this.holds(part);
    if (this.call) return false;
    return (part.kind === 'reasoning') === (this.first.kind === 'reasoning');
  }

  /** Some engines number each of their calls alike, and tell them apart by their ids. */
  holds({ index, id, name }: Extract<ChatPart, { kind: 'call' }>): boolean {
    if (this.call?.index !== index) return false;
    return id === null || name === '' || id === this.call.id;
  }

  begin(): readonly Event[] {
    return [{ type: 'response.output_item.added', ...this.at, item: this.toOutput() }];
  }

  say(part: ChatPart): readonly Event[] {
    if (part.kind === 'call') return this.sayArguments(part.arguments);
    const last = this.texts.at(-1);
    const begun = last?.kind === part.kind ? [] : [...this.endText(), ...this.beginText(part.kind)];
    const text = this.texts.at(-1);
    if (text) text.text += part.text;
    return [...begun, this.textEvent(part.kind, 'delta', { delta: part.text })];
  }

  end(status: 'completed' | 'incomplete'): readonly Event[] {
    const ended = this.call ? this.endArguments() : this.endText();
    this.status = status;
    return [...ended, { type: 'response.output_item.done', ...this.at, item: this.toOutput() }];
  }

  toOutput(): JsonBody {
    const { id, status, call } = this;
    if (call) {
      const { id: callId, name } = call;
      const text = this.callArguments;
      return { id, type: 'function_call', status, call_id: callId, name, arguments: text };
    }
    const content = this.texts.map(toContent);
    return this.first.kind === 'reasoning'
      ? { id, type: 'reasoning', status, summary: [], content }
      : { id, type: 'message', status, role: 'assistant', content };
  }

  private get at() {
    return { output_index: this.place };
  }

  private sayArguments(delta: string): readonly Event[] {
    if (delta === '') return [];
    this.callArguments += delta;
    const where = { item_id: this.id, ...this.at };
    return [{ type: 'response.function_call_arguments.delta', ...where, delta }];
  }

  private endArguments(): readonly Event[] {
    const text = this.callArguments;
    const where = { item_id: this.id, ...this.at, name: this.call?.name };
    return [{ type: 'response.function_call_arguments.done', ...where, arguments: text }];
  }

  private beginText(kind: Text['kind']): readonly Event[] {
    const text = { kind, text: '' };
    this.texts.push(text);
    return [this.partEvent('added', text)];
  }

  private endText(): readonly Event[] {
    const text = this.texts.at(-1);
    if (!text) return [];
    const field = text.kind === 'refusal' ? 'refusal' : 'text';
    const done = this.textEvent(text.kind, 'done', { [field]: text.text });
    return [done, this.partEvent('done', text)];
  }

  private partEvent(verb: 'added' | 'done', text: Text): Event {
    return { type: `response.content_part.${verb}`, ...this.textAt(), part: toContent(text) };
  }

  private textEvent(kind: Text['kind'], verb: 'delta' | 'done', fields: JsonBody): Event {
    const logprobs = kind === 'text' && { logprobs: [] };
    return {
      type: `response.${eventNames[kind]}.${verb}`,
      ...this.textAt(),
      ...fields,
      ...logprobs,
    };
  }

  private textAt() {
    return { item_id: this.id, ...this.at, content_index: this.texts.length - 1 };
  }
}

function toContent({ kind, text }: Text): JsonBody {
  switch (kind) {
    case 'reasoning':
      return { type: 'reasoning_text', text };
    case 'text':
      return { type: 'output_text', text, annotations: [], logprobs: [] };
    case 'refusal':
      return { type: 'refusal', refusal: text };
  }
}
