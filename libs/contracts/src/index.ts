export {
  AccessChange,
  AccessChanged,
  AccessKeys,
  AccessRenewed,
  accessTokenAudience,
  accessTokenIssuer,
  GetAccessKeys,
  LeaveAccess,
  RenewAccess,
} from './access.js';
export {
  Acknowledgement,
  ApiToken,
  ApiTokens,
  AuditEvent,
  AuditTrail,
  Balance,
  CreateApiToken,
  CreatedApiToken,
  CreateUser,
  GrantCredit,
  Granted,
  ListApiTokens,
  ListAudit,
  ListUsers,
  RotateApiToken,
  RotatedApiToken,
  UpdateApiToken,
  UpdatedApiToken,
  UpdatedUser,
  UpdateUser,
  User,
  Users,
} from './account-api.js';
export { RecordAct } from './act.js';
export { familyOfAddressWord, isAddressWord } from './address-word.js';
export { Advice, AdviceState } from './advice.js';
export { authPath, authRoutes } from './auth-api.js';
export {
  Autoselect,
  AutoselectDefinition,
  type AutoselectMember,
  Autoselects,
  type AutoselectWeights,
  MeaningClass,
  PutAutoselect,
  Selection,
  Source,
} from './autoselect.js';
export {
  Batch,
  BatchEndpoint,
  BatchError,
  BatchId,
  BatchStatus,
  batchErrorsMax,
  CreateBatch,
  ListBatches,
} from './batch-api.js';
export { batchIdBeginning } from './batch-id.js';
export {
  AddBatchLines,
  BatchLine,
  BatchOutcomes,
  BatchWork,
  CancelBatch,
  ClaimBatch,
  ClaimedBatch,
  CloseBatchLines,
  DueBatches,
  EndBatch,
  FinalizeBatch,
  FindBatch,
  FindDueBatches,
  LineOutcome,
  LinePlace,
  LineResult,
  ListStoredBatches,
  OpenBatch,
  OpenBatchFile,
  PostponeBatchLine,
  ReadBatchOutcomes,
  RecordedLine,
  ReleaseBatch,
  StartBatch,
  StoredBatch,
  StoredBatches,
  TakeBatchLines,
  TakenBatchLines,
} from './batch-work.js';
export { BudgetLimit, BudgetPeriod, BudgetUse } from './budget.js';
export { Model, ProviderWishes, RouteWishes } from './buyer-api.js';
export type { AutoselectEntry, ProviderEntry, RotationEntry } from './buyer-list-api.js';
export {
  CallableAutoselect,
  CallableProvider,
  CallableRotation,
  CallableRoutes,
  ListRoutes,
  toldMembersMax,
} from './callable-routes.js';
export {
  CreatedProvider,
  CreatedRegistration,
  CreateProvider,
  CreateRegistration,
  LiftUsageCheck,
  Provider,
  Providers,
  Registration,
  Registrations,
  RotatedRegistration,
  RotateRegistration,
  UpdateProvider,
  UsageCheck,
  UsageChecks,
} from './catalog-api.js';
export {
  Checkpoint,
  CheckpointResult,
  KeepCheckpoints,
  KeptCheckpoints,
  Progress,
} from './checkpoint.js';
export { BoundedTree, Condition, DecisionTree } from './decision-tree.js';
export {
  chatEndpoint,
  EndpointName,
  endpointAskedBy,
  endpointNames,
  endpointOutputs,
  endpointPaths,
  hasSubstitute,
  OpenAiEndpoint,
  StudioPath,
} from './endpoint.js';
export {
  ApiTokenChanged,
  AttemptAnswering,
  AttemptEnded,
  AttemptOutrun,
  AttemptsEnded,
  attemptsEndedMax,
  CatalogueChanged,
  CatalogueServed,
  RegistrationRevoked,
  RegistrationsUnsure,
  Usage,
  UsageSettled,
} from './fact-event.js';
export {
  FaultBody,
  Id,
  Name,
  Prices,
  RequestId,
  Units,
} from './field.js';
export {
  ExpirySeconds,
  FileId,
  FileObject,
  FilePurpose,
  ListFiles,
  UploadPurpose,
} from './file-api.js';
export { ProbeSettings, ProviderHealth } from './health-api.js';
export { FindAnswer, FoundAnswer, Idempotency, KeepAnswer } from './idempotency.js';
export { Import, Imports, ListingName, PutImport } from './import-api.js';
export { internalHeaders, internalPaths } from './internal-api.js';
export {
  CloseLease,
  Lease,
  LeaseRecalled,
  LeaseTicket,
  OpenLease,
  RenewLease,
  RequestWithdrawn,
} from './lease.js';
export {
  Attempt,
  Authorise,
  Authorised,
  Extend,
  Extended,
  GetReceipt,
  Outcome,
  QueuedReport,
  Receipt,
  ReportedUsage,
  Settle,
  SettleAll,
  Settled,
  SettledAll,
  Withdraw,
  Withdrawn,
} from './ledger.js';
export { fromLineReportBytes, type LineReport, toLineReportBytes } from './line-report.js';
export {
  FeeChange,
  FeeChanges,
  ListChanges,
  Listing,
  Listings,
  PriceChange,
  PriceChanges,
  PutFee,
  PutListing,
  SellerFee,
} from './listing-api.js';
export { ListMarket, MarketListing, MarketPage } from './market-api.js';
export { ModelFacts } from './model-facts.js';
export type { OllamaModel } from './ollama-api.js';
export { openApiDocument, restRoutes } from './openapi.js';
export { OwnerEvent, OwnerEventKind, OwnerEventName } from './owner-event.js';
export { ProviderPace } from './pace-api.js';
export {
  AutoTopUp,
  CreateTopUp,
  DebtWrittenOff,
  Disputes,
  ListDisputes,
  ListTopUps,
  PaymentWebhook,
  PaymentWebhookTaken,
  PromoGrants,
  ProviderName,
  PutAutoTopUp,
  Refund,
  RefundRequest,
  RefundTopUp,
  RequestRefund,
  TopUp,
  TopUps,
  WriteOffDebt,
} from './payment-api.js';
export {
  CreatePayoutBatch,
  EarningsBalance,
  ListPayouts,
  Onboarding,
  Payout,
  PayoutAccount,
  PayoutBatch,
  PayoutOutcome,
  PayoutProviderKind,
  PayoutRun,
  PayoutState,
  PutPayoutAccount,
  RecordedPayoutOutcomes,
  RecordPayoutOutcomes,
  RunPayouts,
} from './payout-api.js';
export { Percentiles, Preferences } from './preferences.js';
export {
  AskPresence,
  Hardware,
  PresenceEvent,
  PresenceHello,
  PresenceSnapshot,
  PresentModel,
  SessionMeasured,
  SessionPresence,
} from './presence.js';
export {
  AddressRange,
  GetOwner,
  Identify,
  OnBehalf,
  Owner,
  Principal,
  Role,
  Scope,
  TokenLimits,
  TokenRules,
} from './principal.js';
export { ProbeEnded, ProbeKind, ProbeOutcome } from './probe.js';
export { ProviderPolicy, WeeklyHours } from './provider-policy.js';
export {
  ListAuditBlocks,
  ListReconciliations,
  ListRepairs,
  ProposeRepair,
  Reconciliation,
  RefuseRepair,
  Repair,
  RepairAccount,
} from './repair-api.js';
export { CatalogueRevision } from './revision-api.js';
export { PutRotation, Rotation, Rotations } from './rotation-api.js';
export { Explain, ExplainedCandidate, RouteExplanation } from './route-explanation.js';
export {
  Admit,
  CallableModel,
  CallableModels,
  Candidate,
  Deadlines,
  ListModels,
  Plan,
  Rejection,
  RequestFacts,
  Terms,
} from './route-plan.js';
export {
  CandidateFacts,
  CeilingName,
  NoteSelections,
  ScoredCandidate,
  SelectionNote,
  SelectionOutcome,
  SelectionRecord,
} from './selection-record.js';
export {
  ContextClass,
  contextClasses,
  MetadataName,
  metadataValueMax,
  PrivateKind,
  Signals,
  Subject,
} from './signals.js';
export { AdviceSought, judgedMax, SeekAdvice, SoughtAdvice } from './sought-advice.js';
export {
  ChunkPlace,
  DeleteFile,
  FindFile,
  FinishFile,
  fileChunkBytes,
  ListStoredFiles,
  OpenFile,
  StoredFile,
  StoredFiles,
  StoredKey,
} from './stored-file.js';
export {
  FindResponse,
  ForgetResponse,
  ForgottenResponse,
  FoundResponse,
  KeepResponse,
} from './stored-response.js';
export { streams, subjects } from './subject.js';
export {
  AskEarnings,
  AskStatement,
  AskUsage,
  Counted,
  EarningsReport,
  ListReceipts,
  ListSales,
  Receipts,
  Sale,
  Sales,
  Statement,
  UsageReport,
} from './usage-api.js';
export {
  FindVideoJob,
  KnownVideoJob,
  ListVideoJobs,
  LocatedPlace,
  LocatePlace,
  OpenVideoJob,
  RemoveVideoJob,
  TakeDueVideoJobs,
  VideoId,
  VideoJob,
  VideoJobs,
  VideoState,
} from './video-job.js';
export {
  AdmitWorker,
  CheckedWorkers,
  CheckWorkers,
  RefusalReason,
  WorkerVerdict,
} from './worker-admission.js';
export { WorkerEvent, WorkerSession, WorkerSessions, WorkerStatus } from './worker-api.js';
export { AskWorkers, ProviderReference, WorkersPage, WorkerViewer } from './worker-view.js';
