import { isObject, type JsonBody, readUsage, type Usage } from '@aisbf/openai';

/** Anthropic counts what was read from a cache, or written to one, beside the rest of the prompt. */
export function readMessageUsage(value: unknown): Usage | null {
  if (!isObject(value)) return null;
  const { input_tokens: fresh, cache_read_input_tokens: read } = value;
  const parts = [fresh, read, value.cache_creation_input_tokens];
  const counts = parts.map((part) => (typeof part === 'number' ? part : 0));
  const thought = isObject(value.output_tokens_details)
    ? value.output_tokens_details.thinking_tokens
    : undefined;
  return readUsage({
    prompt_tokens: typeof fresh === 'number' ? counts.reduce((sum, each) => sum + each, 0) : null,
    completion_tokens: value.output_tokens,
    prompt_tokens_details: { cached_tokens: read },
    completion_tokens_details: { reasoning_tokens: thought },
  });
}

export function toMessageUsage(usage: Usage): JsonBody {
  const cached = Math.min(usage.cachedPromptTokens ?? 0, usage.promptTokens);
  return {
    input_tokens: usage.promptTokens - cached,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: cached,
    output_tokens: usage.completionTokens,
  };
}
