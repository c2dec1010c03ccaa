import { isDone, readSaidAnswer } from './chat-answer.js';
import { completionDialect, type Dialect, plainTelling } from './dialect.js';
import { isObject, type JsonBody, omitting } from './json-body.js';
import { inputPrompts } from './prompt-list.js';
import { dataEvent, type TellingTerms } from './telling.js';
import { usageTold } from './usage.js';

/** What the older completions make at the most where they are not told. */
const tokensMaxDefault = 16;
/** What chat knows by the same name but means otherwise, or not at all: gone where it says what is so anyway. */
const unsaid: ReadonlySet<string> = new Set(['prompt', 'suffix', 'echo', 'best_of', 'logprobs']);

/** The one prompt of a request as a question; undefined where a chat could not be asked for the same. */
export function completionToChat(body: JsonBody): JsonBody | undefined {
  const [prompt, ...others] = inputPrompts(body.prompt) ?? [];
  if (typeof prompt !== 'string' || others.length > 0 || isMoreThanText(body)) return undefined;
  return {
    max_tokens: tokensMaxDefault,
    ...omitting(body, unsaid),
    messages: [{ role: 'user', content: prompt }],
  };
}

/** The prompt again, the best of several, the odds of each token, or what stands between two texts. */
function isMoreThanText({ suffix, echo, best_of: bestOf, logprobs, n }: JsonBody): boolean {
  const isOneOfMore = typeof bestOf === 'number' && bestOf > (typeof n === 'number' ? n : 1);
  const isInBetween = suffix !== undefined && suffix !== null && suffix !== '';
  const hasOdds = logprobs !== undefined && logprobs !== null;
  return isInBetween || isOneOfMore || hasOdds || echo === true;
}

/** Answers to such a request by an upstream that was asked to chat. */
export const completionFromChatDialect: Dialect = {
  ...completionDialect,
  readWhole: readSaidAnswer,
  readEvent: (data) => (isDone(data) ? { kind: 'done' } : readSaidAnswer(data)),
  endEarly: (end) => completionDialect.endEarly({ ...end, data: asCompletion(end.data) }),
  telling: (terms) => ({
    ...plainTelling(completionFromChatDialect),
    whole: (text) => asCompletion(text, terms),
    event: (data) => dataEvent(asCompletion(data, terms)),
  }),
};

/**
 * An answer or a chunk of a chat, which was read as one, in the older form. Thoughts have no place there. Counts are our own,
 * where the upstream has told any: its own are of a chat, with what stands around its messages.
 */
function asCompletion(text: string, terms?: TellingTerms): string {
  const chat: unknown = JSON.parse(text);
  if (!isObject(chat) || !Array.isArray(chat.choices)) return text;
  const { id, created, model, system_fingerprint, usage } = chat;
  return JSON.stringify({
    ...{ id, object: 'text_completion', created, model, system_fingerprint },
    choices: chat.choices.filter(isObject).map(toTextChoice),
    ...(isObject(usage) &&
      terms && {
        usage: usageTold({ ...terms, completionTokens: terms.outputTokens() }),
      }),
  });
}

function toTextChoice(choice: JsonBody, place: number): JsonBody {
  const said = isObject(choice.delta) ? choice.delta : choice.message;
  const { content, refusal } = isObject(said) ? said : {};
  const text = [content, refusal].filter((part) => typeof part === 'string').join('');
  const { index = place, finish_reason = null } = choice;
  return { text, index, logprobs: null, finish_reason };
}
