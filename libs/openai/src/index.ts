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
export { type ChatPart, type ChatSaid, readChatSaid } from './chat-said.js';
export { completionProblem, toCompletionRequest } from './completion-request.js';
export {
  chatDialect,
  completionDialect,
  type Dialect,
  listDialect,
  mediaDialect,
  plainTelling,
  speechDialect,
  studioDialect,
  transcriptDialect,
  videoJobDialect,
} from './dialect.js';
export { type OpenAiError, openAiError } from './error-body.js';
export {
  type AsChat,
  asChat,
  malformed,
  unsupported,
  unsupportedFeature,
} from './inexpressible.js';
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
export { replaceMember, replaceModel, withoutMembers } from './replace-model.js';
export { responseProblem, responseToChat } from './response-chat.js';
export { responseDialect, responseFromChatDialect } from './response-dialect.js';
export { isStored, responseId } from './response-head.js';
export { Conversation } from './response-input.js';
export { type SseEvent, SseEventTooLarge, SseReader } from './sse-reader.js';
export {
  type StudioOutput,
  studioProblem,
  toStudioQuestion,
  toStudioRequest,
} from './studio-request.js';
export {
  type ChatTeller,
  chatTelling,
  type EarlyEnd,
  type Telling,
  type TellingTerms,
  typedEvent,
} from './telling.js';
export { readUsage, type Usage } from './usage.js';
export {
  readUpstreamVideo,
  toVideoJobRequest,
  type UpstreamVideo,
  videoJobProblem,
  videoPromptProblem,
} from './video-job.js';
