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
  Email,
  GrantCredit,
  Granted,
  ListApiTokens,
  ListAudit,
  ListReceipts,
  ListUsers,
  Receipts,
  RotateApiToken,
  RotatedApiToken,
  UpdateApiToken,
  UpdatedApiToken,
  UpdatedUser,
  UpdateUser,
  User,
  Users,
} from './account-api.js';
export { authPath, authRoutes } from './auth-api.js';
export { Model } from './buyer-api.js';
export {
  CreatedProvider,
  CreatedRegistration,
  CreateProvider,
  CreateRegistration,
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
  ClientAddress,
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
  Owner,
  Principal,
  Role,
  RoutePattern,
  Scope,
  TokenLimits,
  TokenRules,
} from './principal.js';
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
  AdmitWorker,
  CheckedWorkers,
  CheckWorkers,
  RefusalReason,
  WorkerVerdict,
} from './worker-admission.js';
export { WorkerEvent, WorkerSession, WorkerSessions, WorkerStatus } from './worker-api.js';
export { AskWorkers, ProviderReference, WorkersPage, WorkerViewer } from './worker-view.js';
