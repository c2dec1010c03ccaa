import type { ChatPart, ChatSaid } from './chat-said.js';
import type { OpenAiError } from './error-body.js';
import type { JsonBody } from './json-body.js';
import {
  isStored,
  type ResponseEnd,
  responseEndOf,
  responseHead,
  responseId,
  responseStatus,
  responseUsage,
} from './response-head.js';
import { ResponseItem } from './response-item.js';
import { type ChatTeller, type EarlyEnd, type TellingTerms, typedEvent } from './telling.js';
import type { Usage } from './usage.js';

type Event = Readonly<{ type: string; [field: string]: unknown }>;

/** Tells what a chat model says as a response: whole, or as typed events with numbers. */
export class ResponseTeller implements ChatTeller {
  private readonly items: ResponseItem[] = [];
  private readonly head: JsonBody;
  private sequence = 0;
  private model: string | undefined;
  private open: ResponseItem | undefined;
  private end: ResponseEnd = { status: 'in_progress' };
  private usage: Usage | undefined;
  private notice: string | undefined;

  constructor(
    private readonly body: JsonBody,
    private readonly terms: TellingTerms,
  ) {
    this.head = responseHead(body, terms);
  }

  say({ model, parts, finishReason, usage }: ChatSaid): string {
    this.model ??= model ?? undefined;
    const begun = this.sequence === 0 ? this.begin() : '';
    const said = parts.map((part) => this.sayPart(part)).join('');
    if (finishReason !== null) this.end = responseEndOf(finishReason);
    this.usage = usage ?? this.usage;
    return begun + said;
  }

  isLate({ parts }: ChatSaid): boolean {
    return parts.some(
      (part) =>
        part.kind === 'call' && this.items.some((item) => item !== this.open && item.holds(part)),
    );
  }

  endEarly({ notice }: EarlyEnd): string {
    const begun = this.sequence === 0 ? this.begin() : '';
    this.end = { status: 'incomplete', reason: 'max_output_tokens' };
    this.usage = undefined;
    this.notice = notice;
    return begun;
  }

  done(): string {
    if (this.end.status === 'in_progress') this.end = { status: 'completed' };
    const closed = this.close(this.end.status === 'completed' ? 'completed' : 'incomplete');
    return closed + this.tellState(`response.${this.end.status}`);
  }

  failed({ error: { code, message } }: OpenAiError): string {
    this.end = { status: 'failed', code, message };
    return this.tellState('response.failed');
  }

  whole(): string {
    return JSON.stringify(this.response());
  }

  memory(): string | undefined {
    return isStored(this.body) ? this.whole() : undefined;
  }

  private begin(): string {
    return this.tellState('response.created') + this.tellState('response.in_progress');
  }

  private sayPart(part: ChatPart): string {
    if (this.open?.takes(part)) return this.tell(this.open.say(part));
    const closed = this.close('completed');
    const id = responseId(this.terms.requestId).replace('resp_', '');
    const item = new ResponseItem(part, id, this.items.length);
    this.items.push(item);
    this.open = item;
    return closed + this.tell(item.begin()) + this.tell(item.say(part));
  }

  private close(status: 'completed' | 'incomplete'): string {
    const { open } = this;
    this.open = undefined;
    return open ? this.tell(open.end(status)) : '';
  }

  private tellState(type: string): string {
    return this.tell([{ type, response: this.response() }]);
  }

  private tell(events: readonly Event[]): string {
    return events
      .map(({ type, ...fields }) => {
        const event = typedEvent({ type, sequence_number: this.sequence, ...fields });
        this.sequence += 1;
        return event;
      })
      .join('');
  }

  private response(): JsonBody {
    const isRunning = this.end.status === 'in_progress' || this.end.status === 'failed';
    return {
      ...this.head,
      ...responseStatus(this.end),
      model: this.model ?? this.head.model,
      output: this.items.map((item) => item.toOutput()),
      usage: isRunning ? null : responseUsage(this.usage ?? this.counted()),
      ...(this.notice !== undefined && { x_aisbf: { notice: this.notice } }),
    };
  }

  private counted(): Usage {
    const { promptTokens, outputTokens } = this.terms;
    return { promptTokens, completionTokens: outputTokens() };
  }
}
