/** What the upstream of a measurement answers, always the same. */
export const mockModel = 'bench-model';

const usage = { prompt_tokens: 215, completion_tokens: 12, total_tokens: 227 };
const head = { id: 'chatcmpl-bench', created: 1_700_000_000, model: mockModel };

/** About 300 bytes. */
export const wholeAnswer = Buffer.from(
  JSON.stringify({
    ...head,
    object: 'chat.completion',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: 'One index on customer and date will do.' },
        finish_reason: 'stop',
      },
    ],
    usage,
  }),
);

/** One for the role, 58 words, the reason of the end, the usage, and the mark of the end. */
export const streamEventCount = 62;

export const streamEvents: readonly Buffer[] = [
  chunk({ role: 'assistant', content: '' }, null),
  ...Array.from({ length: streamEventCount - 4 }, (_, index) =>
    chunk({ content: ` word${index}` }, null),
  ),
  chunk({}, 'stop'),
  event({ ...head, object: 'chat.completion.chunk', choices: [], usage }),
  Buffer.from('data: [DONE]\n\n'),
];

function chunk(delta: object, finishReason: string | null): Buffer {
  const choices = [{ index: 0, delta, finish_reason: finishReason }];
  return event({ ...head, object: 'chat.completion.chunk', choices });
}

function event(data: object): Buffer {
  return Buffer.from(`data: ${JSON.stringify(data)}\n\n`);
}
