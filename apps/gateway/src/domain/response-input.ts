import { isObject, type JsonBody } from '@aisbf/openai';

/** What the items of a request to the Responses API are, whatever it is that was sent. */
export function inputItems({ input }: JsonBody): readonly JsonBody[] {
  if (typeof input === 'string') return [{ type: 'message', role: 'user', content: input }];
  return Array.isArray(input) ? input.filter(isObject) : [];
}

/** A page of items, as clients turn it. */
export type PageWish = Readonly<{
  limit: number;
  order: 'asc' | 'desc';
  after: string | undefined;
}>;

/** The items that a response was made from, each with an id and in the API's long form. */
export function itemPage(
  input: readonly JsonBody[],
  responseId: string,
  { limit, order, after }: PageWish,
): JsonBody {
  const items = input.map((item, place) => namedItem(item, `${responseId.slice(5)}_in_${place}`));
  if (order === 'desc') items.reverse();
  const start = after === undefined ? 0 : items.findIndex(({ id }) => id === after) + 1;
  const data = items.slice(start, start + limit);
  return {
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: start + limit < items.length,
  };
}

function namedItem(item: JsonBody, name: string): JsonBody & Readonly<{ id: string }> {
  const { id, type = 'message', content, role } = item;
  const isText = typeof content === 'string';
  const kind = role === 'assistant' ? 'output_text' : 'input_text';
  return {
    ...item,
    type,
    id: typeof id === 'string' ? id : `item_${name}`,
    ...(isText && { content: [{ type: kind, text: content }] }),
  };
}
