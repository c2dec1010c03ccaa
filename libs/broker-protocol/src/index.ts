export type { Answer } from './answer.js';
export type { AnswerHead } from './answer-head.js';
export { type Chunk, sizeOf } from './chunk.js';
export { type CloseCode, closeCodes } from './close-code.js';
export {
  type FrameFromWorker,
  readBinaryFromWorker,
  readFrameFromWorker,
  type UnreadableReason,
} from './frame-from-worker.js';
export {
  binaryWorkFrame,
  cancelFrame,
  drainFrame,
  heartbeatReplyFrame,
  heartbeatRequestFrame,
  type RegisteredFacts,
  registeredBody,
  registeredFrame,
  registerRefusedFrame,
  type WorkHead,
  windowFrame,
  workFrame,
} from './frame-to-worker.js';
export { type ClaimedIdentity, readIdentity, readScopePath, type ScopePath } from './identity.js';
export type { Reply } from './reply.js';
export { type ReportedCapabilities, readCapabilitiesReply } from './reported-capabilities.js';
export type { ReportedError } from './reported-error.js';
export type { ReportedFacts } from './reported-facts.js';
export { mergeHardware, type ReportedGpu, type ReportedHardware } from './reported-hardware.js';
export type { ReportedMetrics } from './reported-metrics.js';
export { type ReportedModel, readModels } from './reported-models.js';
export type { ReportedRegistration } from './reported-registration.js';
export {
  type Relay,
  type RequestLife,
  type RequestStep,
  stepRequest,
  type WorkerFailure,
} from './request-life.js';
export { proxiedAreas, servedPaths } from './served-paths.js';
export {
  type CloseReason,
  type SessionEvent,
  type SessionState,
  type SessionTimes,
  stepSession,
} from './session-state.js';
export {
  type AttachedPayload,
  type FormPart,
  jsonPayload,
  type ProxyBody,
  type ProxyHead,
  proxyPayload,
  type WorkPayload,
} from './work-payload.js';
export {
  type BrokerFrame,
  readBinaryBrokerFrame,
  readBrokerFrame,
  type WorkFrame,
} from './worker-inbound.js';
export { memberText, withMember } from './worker-json-member.js';
export {
  answerFrame,
  binaryWorkerFrame,
  chunkFrame,
  doneFrame,
  errorFrame,
  type HttpAnswer,
  type HttpHead,
  heartbeatAnswerFrame,
  heartbeatFrame,
  type Metrics,
  type PiecesHead,
  pendingFrame,
  type Registration,
  registerFrame,
  type StreamPiece,
  type Vitals,
  type WorkerCapabilities,
  type WorkerError,
  type WorkerFrame,
  type WorkerGpu,
  type WorkerHardware,
} from './worker-outbound.js';
