export {
  type Answer,
  type AnswerPiece,
  type AnswerResult,
  answerOf,
} from './answer.js';
export { readAnswerBody } from './answer-body.js';
export {
  type ApiRequest,
  type MediaOutput,
  withoutText,
} from './api-request.js';
export { readChatEvent } from './chat-answer.js';
export { chatProblem, toChatRequest } from './chat-request.js';
export type { ChatPart, ChatSaid } from './chat-said.js';
export { completionFromChatDialect, completionToChat } from './completion-chat.js';
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
  countProblem,
  isNullish,
  isObject,
  type JsonBody,
  missing,
  modelProblem,
  omitting,
  outputTokensProblem,
  type RequestProblem,
  readJsonBody,
  streamProblem,
  wrongType,
} from './json-body.js';
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
export {
  bytesOfBase64,
  type RealtimeEvent,
  type RealtimeNews,
  type RealtimePart,
  type RealtimeUsage,
  readRealtimeEvent,
  readRealtimeNews,
} from './realtime-event.js';
export { memberText, replaceMember, replaceModel, withoutMembers } from './replace-model.js';
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
