import { randomUUID } from 'node:crypto';
import { countPromptTokens } from '@aisbf/metering';
import type { ChatRequest } from './chat-request.js';
import type { Answer } from './demo-answer.js';

export type Usage = Readonly<{
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
}>;

/** What every object of one answer carries alike. */
export type CompletionHead = Readonly<{ id: string; created: number; model: string }>;

export function completionHead(request: ChatRequest, nowMs: number): CompletionHead {
  return {
    id: `chatcmpl-demo-${randomUUID()}`,
    created: Math.floor(nowMs / 1000),
    model: request.model.id,
  };
}

export function usageOf(request: ChatRequest, answer: Answer): Usage {
  const promptTokens = countPromptTokens(request.body);
  return {
    prompt_tokens: promptTokens,
    completion_tokens: answer.tokens,
    total_tokens: promptTokens + answer.tokens,
  };
}

export function toCompletion(head: CompletionHead, answer: Answer, usage: Usage): string {
  const message = { role: 'assistant', content: answer.text, refusal: null };
  return JSON.stringify({
    ...head,
    object: 'chat.completion',
    system_fingerprint: 'demo-engine',
    choices: [{ index: 0, message, logprobs: null, finish_reason: answer.finishReason }],
    usage,
  });
}

type Delta = Readonly<{ role?: 'assistant'; content?: string }>;

/** One server-sent event. With usage asked for, every event but the last carries `usage: null`. */
export function toChunkEvent(
  head: CompletionHead,
  request: ChatRequest,
  delta: Delta,
  finishReason: Answer['finishReason'] | null,
): string {
  return toEvent({
    ...head,
    object: 'chat.completion.chunk',
    system_fingerprint: 'demo-engine',
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }],
    ...(request.wantsUsage ? { usage: null } : {}),
  });
}

export function toUsageEvent(head: CompletionHead, usage: Usage): string {
  return toEvent({
    ...head,
    object: 'chat.completion.chunk',
    system_fingerprint: 'demo-engine',
    choices: [],
    usage,
  });
}

export const doneEvent = 'data: [DONE]\n\n';

function toEvent(value: unknown): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}
