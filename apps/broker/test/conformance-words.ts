import { everywhere, oldestOpening, todaysOpening, work } from './conformance-openings.js';
import type { Script, Step } from './conformance-script.js';
import { openProvider } from './fake-peers.js';

/** What scripts are made of, once the session is open. */

export const base64 = (text: string) => Buffer.from(text).toString('base64');
export const delta = (content: string) =>
  `data: {"choices":[{"delta":{"content":"${content}"}}]}\n\n`;
export const done = 'data: [DONE]\n\n';
export const completion = {
  id: 'c',
  object: 'chat.completion',
  choices: [{ index: 0 }],
  usage: {},
};
export const text = JSON.stringify(completion);
export const prompt = {
  model: 'model-a',
  messages: [{ role: 'user', content: 'Hé 🎉' }],
  x_own: [1],
};
export const body = JSON.stringify(prompt);

export const chatPath = '/v1/chat/completions';
export const isAsked: readonly Step[] = [
  { asks: 'buyer', call: { body } },
  { hears: work('chat.completions', 'POST', chatPath, { payload: prompt }), as: 'chat' },
];
export const streamPrompt = { ...prompt, stream: true };
export const isAskedToStream: readonly Step[] = [
  { asks: 'buyer', call: { body: JSON.stringify(streamPrompt), isStream: true } },
  {
    hears: work('chat.completions', 'POST', chatPath, { payload: streamPrompt, stream: true }),
    as: 'chat',
  },
];
export const says = (answer: object, of = '$chat'): Step => ({
  sends: { v: 1, request_id: of, ...answer },
});
export const piece = (payload: object, event = 'chunk') => says({ event, status: 'ok', payload });
export const end = (event = 'done') => says({ event, status: 'ok', payload: {} });
export const pending = says({
  event: 'pending',
  status: 'pending',
  payload: { message: 'loading', estimated_timeout: 300 },
});
export const gets = (answer: Extract<Step, { gets: string }>['answer']): Step => ({
  gets: 'buyer',
  answer,
});
export const getsStream = (whole: string) => gets({ status: 200, text: whole, isCut: false });
export const getsCut = (part: string) => gets({ status: 200, text: part, isCut: true });
/** A request that is answered as usual: whatever came before it has harmed nothing. */
export const isUnharmed: readonly Step[] = [
  { asks: 'next', call: { body } },
  { hears: work('chat.completions', 'POST', chatPath, { payload: prompt }), as: 'next' },
  says({ status: 'ok', payload: completion, metrics: { elapsed_ms: 5 } }, '$next'),
  { gets: 'next', answer: { status: 200, text } },
];

export const play = (name: string, opening: readonly Step[], steps: readonly Step[]): Script => ({
  name,
  provider: openProvider,
  handshake: everywhere,
  steps: [...opening, ...steps],
});
export const today = (name: string, ...steps: readonly (Step | readonly Step[])[]) =>
  play(name, todaysOpening, steps.flat());
export const oldest = (name: string, ...steps: readonly (Step | readonly Step[])[]) =>
  play(name, oldestOpening, steps.flat());
export const streams = (name: string, whole: string, ...steps: readonly Step[]) =>
  today(name, isAskedToStream, steps, getsStream(whole), isUnharmed);
export const breaks = (name: string, part: string, ...steps: readonly Step[]) =>
  today(name, isAskedToStream, steps, getsCut(part), isUnharmed);
export const answers = (name: string, answer: Step, expected: Parameters<typeof gets>[0]) =>
  today(name, isAsked, answer, gets(expected), isUnharmed);
export const refuses = (name: string, error: object, status: number, fault?: string) =>
  answers(name, says({ status: 'error', ...error }), { status, fault });

export const envelope = (payload: object) => says({ status: 'ok', payload });
export const json = { status: 200, text };

export const ab = `${delta('a')}${delta('b')}${done}`;
