import { type ChatPart, isObject, type JsonBody } from '@aisbf/openai';

type Event = Readonly<{ type: string; [field: string]: unknown }>;
type Kind = 'thinking' | 'text' | 'tool_use';

/** What a chat model refuses with is words, too. */
function kindOf(part: ChatPart): Kind {
  if (part.kind === 'call') return 'tool_use';
  return part.kind === 'reasoning' ? 'thinking' : 'text';
}

/** One block of a message's content while it is said: a thought, a text or a call. */
export class MessageBlock {
  readonly kind: Kind;
  private said = '';
  private readonly call: Readonly<{ index: number; id: string; name: string }> | undefined;

  constructor(
    first: ChatPart,
    requestId: string,
    private readonly place: number,
  ) {
    this.kind = kindOf(first);
    if (first.kind === 'call') {
      const { index, name, id } = first;
      this.call = { index, name, id: id ?? `toolu_${requestId}_${place}` };
    }
  }

  /** Whether this goes on with it. */
  takes(part: ChatPart): boolean {
    return part.kind === 'call' ? this.holds(part) : kindOf(part) === this.kind;
  }

  /** Some engines number each of their calls alike, and tell them apart by their ids. */
  holds({ index, id, name }: Extract<ChatPart, { kind: 'call' }>): boolean {
    if (this.call?.index !== index) return false;
    return id === null || name === '' || id === this.call.id;
  }

  begin(): Event {
    return { type: 'content_block_start', index: this.place, content_block: this.toContent('') };
  }

  say(part: ChatPart): readonly Event[] {
    const text = part.kind === 'call' ? part.arguments : part.text;
    if (text === '') return [];
    this.said += text;
    return [{ type: 'content_block_delta', index: this.place, delta: this.deltaOf(text) }];
  }

  end(): Event {
    return { type: 'content_block_stop', index: this.place };
  }

  toContent(said = this.said): JsonBody {
    switch (this.kind) {
      case 'thinking':
        return { type: 'thinking', thinking: said, signature: '' };
      case 'text':
        return { type: 'text', text: said };
      case 'tool_use':
        return { type: 'tool_use', id: this.call?.id, name: this.call?.name, input: inputOf(said) };
    }
  }

  private deltaOf(text: string): JsonBody {
    switch (this.kind) {
      case 'thinking':
        return { type: 'thinking_delta', thinking: text };
      case 'text':
        return { type: 'text_delta', text };
      case 'tool_use':
        return { type: 'input_json_delta', partial_json: text };
    }
  }
}

/** A model may write what is no object; then the buyer gets what it has written. */
function inputOf(said: string): JsonBody {
  if (said === '') return {};
  try {
    const input: unknown = JSON.parse(said);
    return isObject(input) ? input : { arguments: input };
  } catch {
    return { arguments: said };
  }
}
