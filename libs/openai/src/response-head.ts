import { isNullish, isObject, type JsonBody } from './json-body.js';
import type { TellingTerms } from './telling.js';
import type { Usage } from './usage.js';

/** How a response stands. */
export type ResponseEnd =
  | Readonly<{ status: 'in_progress' | 'completed' }>
  | Readonly<{ status: 'incomplete'; reason: 'max_output_tokens' | 'content_filter' }>
  | Readonly<{ status: 'failed'; code: string; message: string }>;

/** The market's name for a response: that of its request, so that it leads to the receipt. */
export function responseId(requestId: string): string {
  return requestId.replace(/^req_/, 'resp_');
}

/** Whether the buyer wants it kept: so it is where nothing is said. */
export function isStored({ store }: JsonBody): boolean {
  return store !== false;
}

/** What a response says of its request. */
export function responseHead(body: JsonBody, { requestId, startedAtMs }: TellingTerms): JsonBody {
  const choice = body.tool_choice ?? 'auto';
  return {
    id: responseId(requestId),
    object: 'response',
    created_at: Math.floor(startedAtMs / 1_000),
    model: body.model,
    background: false,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    metadata: isObject(body.metadata) ? body.metadata : {},
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    previous_response_id: body.previous_response_id ?? null,
    reasoning: isObject(body.reasoning) ? body.reasoning : { effort: null, summary: null },
    store: isStored(body),
    temperature: body.temperature ?? null,
    text: isObject(body.text) ? body.text : { format: { type: 'text' } },
    tool_choice: choice,
    tools: Array.isArray(body.tools) ? body.tools : [],
    top_p: body.top_p ?? null,
    truncation: body.truncation ?? 'disabled',
    ...(!isNullish(body.user) && { user: body.user }),
  };
}

/** How it stands at the moment, in the API's words. */
export function responseStatus(end: ResponseEnd): JsonBody {
  return {
    status: end.status,
    error: end.status === 'failed' ? { code: end.code, message: end.message } : null,
    incomplete_details: end.status === 'incomplete' ? { reason: end.reason } : null,
  };
}

export function responseUsage(usage: Usage): JsonBody {
  const { promptTokens, completionTokens } = usage;
  return {
    input_tokens: promptTokens,
    input_tokens_details: { cached_tokens: usage.cachedPromptTokens ?? 0 },
    output_tokens: completionTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens ?? 0 },
    total_tokens: promptTokens + completionTokens,
  };
}

/** Why a chat model has ended, as a response's end. */
export function responseEndOf(finishReason: string | null): ResponseEnd {
  if (finishReason === 'length') return { status: 'incomplete', reason: 'max_output_tokens' };
  if (finishReason === 'content_filter') return { status: 'incomplete', reason: 'content_filter' };
  return { status: 'completed' };
}
