import { isObject } from './json-body.js';

/** What an upstream says it used. */
export type Usage = Readonly<{
  promptTokens: number;
  completionTokens: number;
  /** Of the prompt, where it says so. */
  cachedPromptTokens?: number;
  /** Of the completion, where it says so. */
  reasoningTokens?: number;
}>;

/** As a chat's last chunk tells it. */
export function usageTold({
  promptTokens,
  completionTokens,
}: Pick<Usage, 'promptTokens' | 'completionTokens'>) {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
}

/** Above this a figure is not a count but an accident or a lie. */
const believableMax = 1_000_000_000_000;

/** Reads `usage`, or null where it is missing or holds anything but counts where the two counts should be. */
export function readUsage(value: unknown): Usage | null {
  if (!isObject(value)) return null;
  const { prompt_tokens: promptTokens, completion_tokens: completionTokens } = value;
  if (!isCount(promptTokens) || !isCount(completionTokens)) return null;
  const cached = [
    field(value.prompt_tokens_details, 'cached_tokens'),
    value.prompt_cache_hit_tokens,
  ];
  const reasoning = field(value.completion_tokens_details, 'reasoning_tokens');
  const cachedPromptTokens = cached.find(isCount);
  return {
    promptTokens,
    completionTokens,
    ...(cachedPromptTokens !== undefined && { cachedPromptTokens }),
    ...(isCount(reasoning) && { reasoningTokens: reasoning }),
  };
}

/** The same where nothing is written: embeddings and the like count what they have read, under one name or another. */
export function readInputUsage(value: unknown): Usage | null {
  if (!isObject(value)) return null;
  const promptTokens = [value.prompt_tokens, value.input_tokens, value.total_tokens].find(isCount);
  return promptTokens === undefined ? null : { promptTokens, completionTokens: 0 };
}

function field(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined;
}

function isCount(value: unknown): value is number {
  return (
    typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= believableMax
  );
}
