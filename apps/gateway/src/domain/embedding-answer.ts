import { isObject } from '@aisbf/openai';

/** More figures than any model in use gives a text. */
const figuresMax = 8_192;

/**
 * The vectors of so many texts, in their order, out of what calls itself an OpenAI-compatible answer; undefined where it is
 * not one.
 */
export function readEmbeddings(answer: unknown, count: number): number[][] | undefined {
  const data = isObject(answer) ? answer.data : undefined;
  if (!Array.isArray(data) || data.length !== count) return undefined;
  const vectors = new Map<number, number[]>();
  for (const [place, row] of data.entries()) {
    if (!isObject(row) || !isVector(row.embedding)) return undefined;
    vectors.set(typeof row.index === 'number' ? row.index : place, row.embedding);
  }
  const inOrder = Array.from({ length: count }, (_, place) => vectors.get(place) ?? []);
  return inOrder.every(({ length }) => length > 0) ? inOrder : undefined;
}

function isVector(value: unknown): value is number[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > figuresMax) return false;
  return value.every((figure) => typeof figure === 'number' && Number.isFinite(figure));
}
