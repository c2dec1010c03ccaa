export {
  ApiToken,
  ApiTokens,
  Balance,
  CreateApiToken,
  CreatedApiToken,
  CreateUser,
  GrantCredit,
  Granted,
  User,
} from './account-api.js';
export { Model } from './buyer-api.js';
export {
  CreatedProvider,
  CreatedRegistration,
  CreateProvider,
  CreateRegistration,
  LiftUsageCheck,
  Listing,
  Listings,
  OnBehalf,
  Provider,
  Providers,
  PutListing,
  PutRotation,
  Registration,
  Registrations,
  RotatedRegistration,
  RotateRegistration,
  Rotation,
  Rotations,
  UpdateProvider,
  UsageCheck,
  UsageChecks,
} from './catalog-api.js';
export {
  ApiTokenChanged,
  AttemptEnded,
  CatalogueChanged,
  RegistrationRevoked,
  RegistrationsUnsure,
  Usage,
  UsageSettled,
} from './fact-event.js';
export {
  Count,
  FaultBody,
  FeeBps,
  Id,
  ModelName,
  Name,
  NanosText,
  Prices,
  RequestId,
  TimeMs,
  Units,
} from './field.js';
export { FindAnswer, FoundAnswer, Idempotency, KeepAnswer } from './idempotency.js';
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
export { ModelFacts } from './model-facts.js';
export { openApiDocument, restRoutes } from './openapi.js';
export { OwnerEvent, OwnerEventKind, OwnerEventName } from './owner-event.js';
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
export { GetOwner, Identify, Owner, Principal, Role, Scope, TokenLimits } from './principal.js';
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
  AdmitWorker,
  CheckedWorkers,
  CheckWorkers,
  RefusalReason,
  WorkerVerdict,
} from './worker-admission.js';
export { WorkerEvent, WorkerSession, WorkerSessions, WorkerStatus } from './worker-api.js';
export { AskWorkers, ProviderReference, WorkersPage, WorkerViewer } from './worker-view.js';
