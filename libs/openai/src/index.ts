export {
  type ChatAnswer,
  type ChatAnswerResult,
  type ChatPiece,
  readChatAnswer,
  readChatEvent,
  type UpstreamError,
} from './chat-answer.js';
export {
  type ChatRequest,
  type ChatRequestResult,
  isObject,
  type RequestProblem,
  readChatRequest,
} from './chat-request.js';
export { type OpenAiError, openAiError } from './error-body.js';
export { lengthChunk, usageChunk } from './length-chunk.js';
export { hasTools, type PromptInput, promptInputs } from './prompt-inputs.js';
export { replaceMember, replaceModel, withoutMembers } from './replace-model.js';
export { type SseEvent, SseEventTooLarge, SseReader } from './sse-reader.js';
export { readUsage, type Usage } from './usage.js';
