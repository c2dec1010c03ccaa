import { isObject } from './chat-request.js';

/** What an upstream says it used. */
export type Usage = Readonly<{ promptTokens: number; completionTokens: number }>;

/** Above this a figure is not a count but an accident or a lie. */
const believableMax = 1_000_000_000_000;

/** Reads `usage`, or null where it is missing or holds anything but two counts. */
export function readUsage(value: unknown): Usage | null {
  if (!isObject(value)) return null;
  const { prompt_tokens: promptTokens, completion_tokens: completionTokens } = value;
  if (!isCount(promptTokens) || !isCount(completionTokens)) return null;
  return { promptTokens, completionTokens };
}

function isCount(value: unknown): value is number {
  return (
    typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= believableMax
  );
}
