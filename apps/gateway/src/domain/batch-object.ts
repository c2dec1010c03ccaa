import type { Batch, StoredBatch } from '@aisbf/contracts';

/** A batch as OpenAI's clients know it. */
export function toBatch(batch: StoredBatch): Batch {
  return {
    id: batch.batchId,
    object: 'batch',
    endpoint: batch.endpoint,
    errors: batch.errors && { object: 'list', data: batch.errors },
    input_file_id: batch.inputFileId,
    completion_window: '24h',
    status: batch.status,
    output_file_id: batch.outputFileId,
    error_file_id: batch.errorFileId,
    created_at: batch.createdAtS,
    in_progress_at: batch.inProgressAtS,
    expires_at: batch.expiresAtS,
    finalizing_at: batch.finalizingAtS,
    completed_at: batch.completedAtS,
    failed_at: batch.failedAtS,
    expired_at: batch.expiredAtS,
    cancelling_at: batch.cancellingAtS,
    cancelled_at: batch.cancelledAtS,
    request_counts: batch.counts,
    metadata: batch.metadata,
  };
}
