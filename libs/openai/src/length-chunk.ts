import { isObject } from './chat-request.js';
import type { Usage } from './usage.js';

/**
 * The last chunk of a stream that is ended before its upstream would have: in the form of one of the upstream's own
 * chunks, with nothing said in it and every choice finished by `length`. `notice` tells why.
 */
export function lengthChunk(data: string, notice: string): string {
  const form = formOf(data);
  const choices = Array.isArray(form.choices) ? form.choices.filter(isObject) : [];
  const indices = choices.length > 0 ? choices.map(({ index }) => index ?? 0) : [0];
  return JSON.stringify({
    ...form,
    choices: indices.map((index) => ({ index, delta: {}, finish_reason: 'length' })),
    x_aisbf: { notice },
  });
}

/** The chunk with counts that follows it, where the buyer has asked for one. */
export function usageChunk(
  data: string,
  { promptTokens, completionTokens }: Pick<Usage, 'promptTokens' | 'completionTokens'>,
): string {
  const usage = {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
  return JSON.stringify({ ...formOf(data), choices: [], usage });
}

function formOf(data: string): Record<string, unknown> {
  const chunk: unknown = JSON.parse(data);
  if (!isObject(chunk)) throw new RangeError('not a chunk');
  const { usage: _usage, ...form } = chunk;
  return form;
}
