type Event = Readonly<{ type: string; [field: string]: unknown }>;

/** An answer in the form of an API whose streams have types: whole, or as its events. */
export type TypedAnswer = Readonly<{ whole: object; events: readonly Event[] }>;

/** Of a native `/v1/responses`. Its ids are its own, and the same in every answer. */
export function fakeResponse(words: readonly string[]): TypedAnswer {
  const text = words.join('');
  const at = { item_id: 'msg_theirs', output_index: 0, content_index: 0 };
  const part = { type: 'output_text', text, annotations: [] };
  const item = { id: 'msg_theirs', type: 'message', role: 'assistant', status: 'completed' };
  const head = { id: 'resp_theirs', object: 'response', created_at: 1, model: 'theirs' };
  const usage = {
    input_tokens: 5,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: 8,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 13,
  };
  const whole = { ...head, status: 'completed', output: [{ ...item, content: [part] }], usage };
  const begun = { ...head, status: 'in_progress', output: [], usage: null };
  const events: Event[] = [
    { type: 'response.created', response: begun },
    { type: 'response.output_item.added', output_index: 0, item: { ...item, content: [] } },
    { type: 'response.content_part.added', ...at, part: { ...part, text: '' } },
    ...words.map((delta) => ({ type: 'response.output_text.delta', ...at, delta, logprobs: [] })),
    { type: 'response.output_text.done', ...at, text, logprobs: [] },
    { type: 'response.content_part.done', ...at, part },
    { type: 'response.output_item.done', output_index: 0, item: { ...item, content: [part] } },
    { type: 'response.completed', response: whole },
  ];
  const numbered = events.map((event, place) => ({ ...event, sequence_number: place }));
  return { whole, events: numbered };
}

/** Of a native `/v1/messages`. */
export function fakeMessage(words: readonly string[]): TypedAnswer {
  const head = { id: 'msg_theirs', type: 'message', role: 'assistant', model: 'theirs' };
  const ended = { stop_reason: 'end_turn', stop_sequence: null };
  const usage = { input_tokens: 5, output_tokens: 8 };
  const text = { type: 'text', text: words.join('') };
  const begun = { ...head, content: [], stop_reason: null, stop_sequence: null, usage };
  return {
    whole: { ...head, ...ended, content: [text], usage },
    events: [
      { type: 'message_start', message: { ...begun, usage: { ...usage, output_tokens: 1 } } },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'ping' },
      ...words.map((word) => ({
        type: 'content_block_delta',
        index: 0,
        delta: { type: 'text_delta', text: word },
      })),
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: ended, usage: { output_tokens: 8 } },
      { type: 'message_stop' },
    ],
  };
}
