import { BatchEndpoint, BatchError, BatchStatus, type StoredBatch } from '@aisbf/contracts';

export type BatchRow = {
  id: string;
  endpoint: string;
  input_file_id: string;
  status: string;
  errors: unknown[] | null;
  output_file_id: string | null;
  error_file_id: string | null;
  total: number;
  completed: number;
  failed: number;
  metadata: Record<string, string> | null;
  created_at: Date;
  expires_at: Date;
  in_progress_at: Date | null;
  finalizing_at: Date | null;
  completed_at: Date | null;
  failed_at: Date | null;
  expired_at: Date | null;
  cancelling_at: Date | null;
  cancelled_at: Date | null;
};

export const batchColumns = [
  ...['id', 'endpoint', 'input_file_id', 'status', 'errors', 'output_file_id', 'error_file_id'],
  ...['total', 'completed', 'failed', 'metadata', 'created_at', 'expires_at', 'in_progress_at'],
  ...['finalizing_at', 'completed_at', 'failed_at', 'expired_at', 'cancelling_at', 'cancelled_at'],
].join(', ');

export function fromBatchRow(row: BatchRow): StoredBatch {
  return {
    batchId: row.id,
    endpoint: BatchEndpoint.parse(row.endpoint),
    inputFileId: row.input_file_id,
    status: BatchStatus.parse(row.status),
    errors: row.errors?.map((error) => BatchError.parse(error)) ?? null,
    outputFileId: row.output_file_id,
    errorFileId: row.error_file_id,
    counts: { total: row.total, completed: row.completed, failed: row.failed },
    metadata: row.metadata,
    createdAtS: toSeconds(row.created_at),
    inProgressAtS: secondsOf(row.in_progress_at),
    expiresAtS: toSeconds(row.expires_at),
    finalizingAtS: secondsOf(row.finalizing_at),
    completedAtS: secondsOf(row.completed_at),
    failedAtS: secondsOf(row.failed_at),
    expiredAtS: secondsOf(row.expired_at),
    cancellingAtS: secondsOf(row.cancelling_at),
    cancelledAtS: secondsOf(row.cancelled_at),
  };
}

function toSeconds(time: Date): number {
  return Math.floor(time.getTime() / 1_000);
}

function secondsOf(time: Date | null): number | null {
  return time && toSeconds(time);
}
