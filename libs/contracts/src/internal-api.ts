/**
 * The HTTP calls between our own services. They carry `internalSecretHeader` and are never reachable from
 * outside: the edge or ingress does not route `/internal`.
 */
export const internalPaths = {
  accountsIdentify: '/internal/v1/identify',
  accountsRenewAccess: '/internal/v1/renew-access',
  accountsLeaveAccess: '/internal/v1/leave-access',
  accountsAccessKeys: '/internal/v1/access-keys',
  accountsOwner: '/internal/v1/owner',
  accountsAuthorise: '/internal/v1/authorise',
  accountsExtend: '/internal/v1/extend',
  accountsKeepCheckpoints: '/internal/v1/checkpoints',
  accountsSettle: '/internal/v1/settle',
  accountsWithdraw: '/internal/v1/withdraw',
  accountsSettleAll: '/internal/v1/settle-all',
  accountsOpenLease: '/internal/v1/leases/open',
  accountsRenewLease: '/internal/v1/leases/renew',
  accountsCloseLease: '/internal/v1/leases/close',
  accountsFindAnswer: '/internal/v1/answers/find',
  accountsKeepAnswer: '/internal/v1/answers/keep',
  accountsFindResponse: '/internal/v1/responses/find',
  accountsKeepResponse: '/internal/v1/responses/keep',
  accountsForgetResponse: '/internal/v1/responses/forget',
  accountsOpenVideoJob: '/internal/v1/video-jobs/open',
  accountsFindVideoJob: '/internal/v1/video-jobs/find',
  accountsListVideoJobs: '/internal/v1/video-jobs/list',
  accountsTakeDueVideoJobs: '/internal/v1/video-jobs/take-due',
  accountsRemoveVideoJob: '/internal/v1/video-jobs/remove',
  accountsReceipt: '/internal/v1/receipt',
  accountsNoteSelections: '/internal/v1/selections',
  accountsRecordAct: '/internal/v1/acts',
  accountsOpenFile: '/internal/v1/files/open',
  accountsFinishFile: '/internal/v1/files/finish',
  accountsFindFile: '/internal/v1/files/find',
  accountsListFiles: '/internal/v1/files/list',
  accountsDeleteFile: '/internal/v1/files/delete',
  /** A sealed chunk: sent with POST, fetched with GET. */
  accountsFileChunk: (fileId: string, position: number) =>
    `/internal/v1/files/${fileId}/chunks/${position}`,
  accountsOpenBatch: '/internal/v1/batches/open',
  accountsFindBatch: '/internal/v1/batches/find',
  accountsListBatches: '/internal/v1/batches/list',
  accountsCancelBatch: '/internal/v1/batches/cancel',
  accountsDueBatches: '/internal/v1/batch-work/due',
  accountsClaimBatch: '/internal/v1/batch-work/claim',
  accountsReleaseBatch: '/internal/v1/batch-work/release',
  accountsAddBatchLines: '/internal/v1/batch-work/add-lines',
  accountsStartBatch: '/internal/v1/batch-work/start',
  accountsTakeBatchLines: '/internal/v1/batch-work/take-lines',
  accountsPostponeBatchLine: '/internal/v1/batch-work/postpone-line',
  accountsCloseBatchLines: '/internal/v1/batch-work/close-lines',
  accountsFinalizeBatch: '/internal/v1/batch-work/finalize',
  accountsReadBatchOutcomes: '/internal/v1/batch-work/read-outcomes',
  accountsOpenBatchFile: '/internal/v1/batch-work/open-file',
  accountsEndBatch: '/internal/v1/batch-work/end',
  /** What became of a line, as bytes: a `LineReport`. */
  accountsBatchLine: (batchId: string, position: number, result: string, requestId: string) =>
    `/internal/v1/batch-work/${batchId}/lines/${position}?result=${result}&requestId=${requestId}`,
  routerAdmit: '/internal/v1/admit',
  routerExplain: '/internal/v1/explain',
  routerSeekAdvice: '/internal/v1/seek-advice',
  routerModels: '/internal/v1/models',
  routerRoutes: '/internal/v1/routes',
  routerLocate: '/internal/v1/locate',
  routerAdmitWorker: '/internal/v1/admit-worker',
  routerCheckWorkers: '/internal/v1/check-workers',
  /** A worker as an HTTP upstream: the endpoint's own path follows. */
  brokerSession: (sessionId: string) => `/internal/v1/sessions/${encodeURIComponent(sessionId)}`,
} as const;

export const internalHeaders = {
  /** Proves that the caller is one of us. */
  secret: 'x-aisbf-internal-secret',
  requestId: 'x-request-id',
  /** Inside accounts: whence a call to the sign-in library comes. */
  callerAddress: 'x-aisbf-caller-address',
  /** The epoch of the session that the plan meant; another one is refused as gone. */
  sessionEpoch: 'x-aisbf-session-epoch',
  /** `1` where the body asks for a stream, so that the broker need not read it. */
  isStream: 'x-aisbf-stream',
  /** `1` where the plan has nobody left to try, so that a slow worker is waited for. */
  isLastCandidate: 'x-aisbf-last-candidate',
  /** `1` where a router asks how the worker is: nobody's request, so that it is not measured as one. */
  isProbe: 'x-aisbf-probe',
  /** `1` on a line of a batch: nobody waits for it, so it takes what room there is and queues for none. */
  givesWay: 'x-aisbf-gives-way',
  /** An opaque hash of the buyer, so that a busy worker's queue serves buyers in turn; no worker sees it. */
  buyer: 'x-aisbf-buyer',
  /** On a broker's error answer: the fault's code, which tells it from the worker's own errors. */
  fault: 'x-aisbf-fault',
} as const;
