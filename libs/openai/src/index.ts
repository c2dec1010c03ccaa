export {
  type Answer,
  type AnswerPiece,
  type AnswerResult,
  answerOf,
  type UpstreamError,
} from './answer.js';
export { readAnswerBody } from './answer-body.js';
export {
  type ApiRequest,
  type ApiRequestResult,
  type MediaOutput,
  withoutText,
} from './api-request.js';
export { readChatAnswer, readChatEvent } from './chat-answer.js';
export { chatProblem, readChatRequest, toChatRequest } from './chat-request.js';
export { completionProblem, toCompletionRequest } from './completion-request.js';
export {
  chatDialect,
  completionDialect,
  type Dialect,
  type EarlyEnd,
  listDialect,
  mediaDialect,
  speechDialect,
  transcriptDialect,
} from './dialect.js';
export { type OpenAiError, openAiError } from './error-body.js';
export { embeddingProblem, moderationProblem, rerankProblem } from './input-request.js';
export {
  choicesProblem,
  countProblem,
  isNullish,
  isObject,
  type JsonBody,
  missing,
  modelProblem,
  numberOrNull,
  outputTokensProblem,
  type RequestProblem,
  readJsonBody,
  streamProblem,
  wrongType,
} from './json-body.js';
export { lengthChunk, usageChunk } from './length-chunk.js';
export {
  imageProblem,
  speechProblem,
  toImageRequest,
  toSpeechRequest,
  toTranscriptionRequest,
  toVideoRequest,
  transcriptionProblem,
  variationProblem,
  videoProblem,
} from './media-request.js';
export { hasTools, type PromptInput, promptInputs } from './prompt-inputs.js';
export { documentTexts, type InputPrompt, inputPrompts } from './prompt-list.js';
export { memberText, replaceModel, withoutMembers } from './replace-model.js';
export { type SseEvent, SseEventTooLarge, SseReader } from './sse-reader.js';
export { readUsage, type Usage } from './usage.js';
