import type { OpenAiError } from './error-body.js';
import { isObject, type JsonBody } from './json-body.js';
import { readResponseEvent } from './response-answer.js';
import {
  isStored,
  type ResponseEnd,
  responseHead,
  responseStatus,
  responseUsage,
} from './response-head.js';
import { type EarlyEnd, type Telling, type TellingTerms, typedEvent } from './telling.js';

const lastTypes: ReadonlySet<unknown> = new Set(['response.completed', 'response.incomplete']);

/**
 * Passes on what an upstream says that has the API itself. Only what the market alone knows is written over: under which
 * id the response is found here, what it follows, and whether it is kept. Its last event waits until it is known that
 * it is the last.
 */
export function nativeResponse(body: JsonBody, terms: TellingTerms): Telling {
  const native = new NativeResponse(body, terms);
  return {
    whole: (text) => native.whole(text),
    read: readResponseEvent,
    event: (data) => native.event(data),
    endEarly: (end) => native.endEarly(end),
    done: () => native.done(),
    failed: (error) => native.failed(error),
    memory: () => native.memory(),
  };
}

type Item = Record<string, unknown>;

class NativeResponse {
  private readonly items = new Map<number, Item>();
  private readonly deltas = new Map<number, string>();
  private response: JsonBody;
  private sequence = -1;
  private last: JsonBody | undefined;

  constructor(
    private readonly body: JsonBody,
    private readonly terms: TellingTerms,
  ) {
    this.response = responseHead(body, terms);
  }

  whole(text: string): string {
    const response: unknown = JSON.parse(text);
    this.response = this.ours(isObject(response) ? response : {});
    return JSON.stringify(this.response);
  }

  event(data: string): string | undefined {
    const event: unknown = JSON.parse(data);
    if (!isObject(event) || typeof event.type !== 'string') return undefined;
    const { type, sequence_number: sequence, response } = event;
    if (typeof sequence === 'number') this.sequence = Math.max(this.sequence, sequence);
    if (!isObject(response)) {
      this.remember(type, event);
      return undefined;
    }
    this.response = this.ours(response);
    const told = { ...event, type, response: this.response };
    if (!lastTypes.has(type)) return typedEvent(told);
    this.last = told;
    return '';
  }

  endEarly({ notice }: EarlyEnd): string {
    const { promptTokens, outputTokens } = this.terms;
    this.response = {
      ...this.stateAt({ status: 'incomplete', reason: 'max_output_tokens' }),
      usage: responseUsage({ promptTokens, completionTokens: outputTokens() }),
      x_aisbf: { notice },
    };
    this.last = { type: 'response.incomplete', response: this.response };
    return '';
  }

  done(): string {
    // An upstream may end without a last event where it has told its end in another way.
    const last = this.last ?? { response: this.stateAt({ status: 'completed' }) };
    const type = typeof last.type === 'string' ? last.type : 'response.completed';
    return typedEvent({ sequence_number: this.sequence + 1, ...last, type });
  }

  failed({ error: { code, message } }: OpenAiError): string {
    const response = this.stateAt({ status: 'failed', code, message });
    const sequence = { sequence_number: this.sequence + 1 };
    return typedEvent({ type: 'response.failed', ...sequence, response });
  }

  memory(): string | undefined {
    return isStored(this.body) ? JSON.stringify(this.response) : undefined;
  }

  private ours(response: JsonBody): JsonBody {
    const { id, previous_response_id: previous, store } = responseHead(this.body, this.terms);
    return { ...response, id, previous_response_id: previous, store };
  }

  /** So that what was said can be told once more where the upstream does not. */
  private remember(type: string, event: JsonBody): void {
    const { output_index: index, item, delta } = event;
    if (typeof index !== 'number') return;
    if (type.startsWith('response.output_item.') && isObject(item)) this.items.set(index, item);
    if (type === 'response.output_item.done') this.deltas.delete(index);
    if (typeof delta === 'string') this.deltas.set(index, (this.deltas.get(index) ?? '') + delta);
  }

  private stateAt(end: ResponseEnd): JsonBody {
    const output = [...this.items.entries()]
      .sort(([left], [right]) => left - right)
      .map(([index, item]) => withSaid(item, this.deltas.get(index)));
    return { ...this.response, ...responseStatus(end), output };
  }
}

/** An item that was begun, with what was said of it so far. */
function withSaid(item: Item, said: string | undefined): JsonBody {
  if (said === undefined) return item;
  const status = 'incomplete';
  if (item.type === 'message') {
    const content = [{ type: 'output_text', text: said, annotations: [], logprobs: [] }];
    return { ...item, status, content };
  }
  if (item.type === 'function_call') return { ...item, status, arguments: said };
  return { ...item, status };
}
