import { countPromptTokens, countTextTokens } from '@aisbf/metering';
import { messages } from './request.js';

/** What the upstream of a measurement answers, always the same. */
export const mockModel = 'bench-model';

const answer = 'One index on customer and date will do.';
const head = { id: 'chatcmpl-bench', created: 1_700_000_000, model: mockModel };

/** About 300 bytes. */
export const wholeAnswer = Buffer.from(
  JSON.stringify({
    ...head,
    object: 'chat.completion',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: answer },
        finish_reason: 'stop',
      },
    ],
    usage: usageOf(answer),
  }),
);

const words = Array.from({ length: 58 }, (_, index) => ` word${index}`);

/** One for the role, the words, the reason of the end, the usage, and the mark of the end. */
export const streamEventCount = words.length + 4;

export const streamEvents: readonly Buffer[] = [
  chunk({ role: 'assistant', content: '' }, null),
  ...words.map((content) => chunk({ content }, null)),
  chunk({}, 'stop'),
  event({ ...head, object: 'chat.completion.chunk', choices: [], usage: usageOf(words.join('')) }),
  Buffer.from('data: [DONE]\n\n'),
];

/** A seller who says more or less than there was is paused before a measurement is over. */
function usageOf(text: string) {
  const [prompt_tokens, completion_tokens] = [
    countPromptTokens({ messages }),
    countTextTokens(text),
  ];
  return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens };
}

function chunk(delta: object, finishReason: string | null): Buffer {
  const choices = [{ index: 0, delta, finish_reason: finishReason }];
  return event({ ...head, object: 'chat.completion.chunk', choices });
}

function event(data: object): Buffer {
  return Buffer.from(`data: ${JSON.stringify(data)}\n\n`);
}
