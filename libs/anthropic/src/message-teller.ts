import {
  type ChatPart,
  type ChatSaid,
  type ChatTeller,
  type EarlyEnd,
  type JsonBody,
  type OpenAiError,
  type TellingTerms,
  typedEvent,
  type Usage,
} from '@aisbf/openai';
import { MessageBlock } from './message-block.js';
import { messageErrorEvent } from './message-error.js';
import { toMessageUsage } from './message-usage.js';

/** Why a chat model has ended, in Anthropic's words. */
const stopReasons: ReadonlyMap<string, string> = new Map([
  ['length', 'max_tokens'],
  ['tool_calls', 'tool_use'],
  ['function_call', 'tool_use'],
  ['content_filter', 'refusal'],
]);

/** Tells what a chat model says as a message: whole, or as typed events. */
export class MessageTeller implements ChatTeller {
  private readonly blocks: MessageBlock[] = [];
  private readonly id: string;
  private open: MessageBlock | undefined;
  private model: string | undefined;
  private finishReason: string | undefined;
  private usage: Usage | undefined;
  private isRefused = false;
  private notice: string | undefined;
  private hasBegun = false;

  constructor(
    private readonly body: JsonBody,
    private readonly terms: TellingTerms,
  ) {
    this.id = terms.requestId.replace(/^req_/, '');
  }

  say({ model, parts, finishReason, usage }: ChatSaid): string {
    this.model ??= model ?? undefined;
    const begun = this.begin();
    const said = parts.map((part) => this.sayPart(part)).join('');
    this.finishReason = finishReason ?? this.finishReason;
    this.usage = usage ?? this.usage;
    return begun + said;
  }

  isLate({ parts }: ChatSaid): boolean {
    return parts.some(
      (part) =>
        part.kind === 'call' &&
        this.blocks.some((block) => block !== this.open && block.holds(part)),
    );
  }

  endEarly({ notice }: EarlyEnd): string {
    this.finishReason = 'length';
    this.usage = undefined;
    this.notice = notice;
    return this.begin();
  }

  done(): string {
    const closed = this.close();
    const delta = {
      type: 'message_delta',
      delta: this.ending(),
      usage: this.counts(),
      ...(this.notice !== undefined && { x_aisbf: { notice: this.notice } }),
    };
    return closed + typedEvent(delta) + typedEvent({ type: 'message_stop' });
  }

  failed(error: OpenAiError): string {
    return messageErrorEvent(error, this.terms.requestId);
  }

  whole(): string {
    const content = this.blocks.map((block) => block.toContent());
    return JSON.stringify({ ...this.head(), content, ...this.ending(), usage: this.counts() });
  }

  private begin(): string {
    if (this.hasBegun) return '';
    this.hasBegun = true;
    const { promptTokens } = this.terms;
    const message = {
      ...this.head(),
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: toMessageUsage({ promptTokens, completionTokens: 0 }),
    };
    return typedEvent({ type: 'message_start', message });
  }

  private sayPart(part: ChatPart): string {
    this.isRefused ||= part.kind === 'refusal';
    if (this.open?.takes(part)) return this.open.say(part).map(typedEvent).join('');
    const closed = this.close();
    const block = new MessageBlock(part, this.id, this.blocks.length);
    this.blocks.push(block);
    this.open = block;
    return closed + [block.begin(), ...block.say(part)].map(typedEvent).join('');
  }

  private close(): string {
    const { open } = this;
    this.open = undefined;
    return open ? typedEvent(open.end()) : '';
  }

  private head(): JsonBody {
    const model = this.model ?? this.body.model;
    return { id: `msg_${this.id}`, type: 'message', role: 'assistant', model };
  }

  private ending(): JsonBody {
    return { stop_reason: this.stopReason(), stop_sequence: null };
  }

  /** Some engines end with a plain stop where they call tools. */
  private stopReason(): string {
    const reason = stopReasons.get(this.finishReason ?? 'stop');
    if (reason !== undefined) return reason;
    if (this.isRefused) return 'refusal';
    return this.blocks.at(-1)?.kind === 'tool_use' ? 'tool_use' : 'end_turn';
  }

  private counts(): JsonBody {
    const { promptTokens, outputTokens } = this.terms;
    return toMessageUsage(this.usage ?? { promptTokens, completionTokens: outputTokens() });
  }
}
