import { Prompt, TextPrompt } from '@aisbf/metering';
import {
  chatDialect,
  chatProblem,
  completionDialect,
  completionFromChatDialect,
  completionProblem,
  completionToChat,
  documentTexts,
  embeddingProblem,
  imageProblem,
  inputPrompts,
  isObject,
  type JsonBody,
  listDialect,
  mediaDialect,
  moderationProblem,
  rerankProblem,
  speechDialect,
  speechProblem,
  toChatRequest,
  toCompletionRequest,
  toImageRequest,
  toSpeechRequest,
  toVideoRequest,
  videoProblem,
  withoutText,
} from '@aisbf/openai';
import type { JsonEndpoint } from './json-work.js';

export const chatEndpoint: JsonEndpoint = {
  name: 'chat.completions',
  problemOf: chatProblem,
  toRequest: toChatRequest,
  promptOf: (body) => new Prompt(body),
  dialect: chatDialect,
};

/** Every endpoint that is asked in JSON. */
export const jsonEndpoints: readonly JsonEndpoint[] = [
  chatEndpoint,
  {
    name: 'completions',
    problemOf: completionProblem,
    toRequest: toCompletionRequest,
    promptOf: ({ prompt, suffix }) => new TextPrompt([...listed(prompt), ...listed(suffix)]),
    dialect: completionDialect,
    substitute: {
      endpoint: 'chat.completions',
      toBody: completionToChat,
      dialect: completionFromChatDialect,
    },
  },
  {
    name: 'embeddings',
    problemOf: embeddingProblem,
    toRequest: withoutText,
    promptOf: ({ input }) => new TextPrompt(listed(input)),
    dialect: listDialect('data'),
  },
  {
    name: 'moderations',
    problemOf: moderationProblem,
    toRequest: withoutText,
    promptOf: judgedTexts,
    dialect: listDialect('results'),
  },
  {
    name: 'rerank',
    problemOf: rerankProblem,
    toRequest: withoutText,
    promptOf: ({ query, documents }) =>
      new TextPrompt([...listed(query), ...(documentTexts(documents) ?? [])]),
    dialect: listDialect('results'),
  },
  {
    name: 'images.generations',
    problemOf: imageProblem,
    toRequest: toImageRequest,
    promptOf: ({ prompt }) => new TextPrompt(listed(prompt)),
    dialect: mediaDialect,
  },
  {
    name: 'audio.speech',
    problemOf: speechProblem,
    toRequest: toSpeechRequest,
    promptOf: ({ input, instructions }) =>
      new TextPrompt([...listed(input), ...listed(instructions)]),
    dialect: speechDialect,
  },
  {
    name: 'video.generations',
    problemOf: videoProblem,
    toRequest: toVideoRequest,
    promptOf: ({ prompt }) => new TextPrompt(listed(prompt)),
    dialect: mediaDialect,
  },
];

function listed(value: unknown) {
  return inputPrompts(value) ?? [];
}

/** Pictures that are judged count nothing. */
function judgedTexts({ input }: JsonBody): TextPrompt {
  const parts: readonly unknown[] = Array.isArray(input) ? input : [input];
  return new TextPrompt(
    parts.flatMap((part) => {
      const text = isObject(part) ? part.text : part;
      return typeof text === 'string' ? [text] : [];
    }),
  );
}
