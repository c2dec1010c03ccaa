import { isObject } from './json-body.js';
import { type Usage, usageTold } from './usage.js';

/** What a choice of a chunk says where it says nothing: chat has an empty delta, the older completions an empty text. */
const silence = { chat: { delta: {} }, completion: { text: '' } } as const;

/**
 * The last chunk of a stream that is ended before its upstream would have: in the form of one of the upstream's own
 * chunks, with nothing said in it and every choice finished by `length`. `notice` tells why.
 */
export function lengthChunk(
  data: string,
  notice: string,
  form: keyof typeof silence = 'chat',
): string {
  const chunk = formOf(data);
  const choices = Array.isArray(chunk.choices) ? chunk.choices.filter(isObject) : [];
  const indices = choices.length > 0 ? choices.map(({ index }) => index ?? 0) : [0];
  return JSON.stringify({
    ...chunk,
    choices: indices.map((index) => ({ index, ...silence[form], finish_reason: 'length' })),
    x_aisbf: { notice },
  });
}

/** The chunk with counts that follows it, where the buyer has asked for one. */
export function usageChunk(
  data: string,
  counts: Pick<Usage, 'promptTokens' | 'completionTokens'>,
): string {
  return JSON.stringify({ ...formOf(data), choices: [], usage: usageTold(counts) });
}

function formOf(data: string): Record<string, unknown> {
  const chunk: unknown = JSON.parse(data);
  if (!isObject(chunk)) throw new RangeError('not a chunk');
  const { usage: _usage, ...form } = chunk;
  return form;
}
