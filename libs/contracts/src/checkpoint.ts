import { z } from 'zod';
import { RequestId, Units } from './field.js';

/** What a running request has come to, by our own count. */
export const Progress = z.strictObject({
  /** Rises with each one of a request, so that a late one changes nothing. */
  ordinal: z.int().min(1),
  /** Whole answers: the buyer has them, whatever becomes of the rest. */
  finished: Units,
  /** All that has left for the buyer, the finished included. */
  delivered: Units,
});
export type Progress = z.infer<typeof Progress>;

/** What the ledger is to go by where nobody reports how this request has ended. */
export const Checkpoint = z.strictObject({
  requestId: RequestId,
  holdEpoch: z.int().min(1),
  /** Where the money is a lease's: the router's ticket for this request. */
  ticket: z.string().max(65_536).nullable(),
  servedPosition: z.int().min(0).max(63),
  progress: Progress,
});
export type Checkpoint = z.infer<typeof Checkpoint>;

/** Those of one gateway that have changed. Each stands for itself. */
export const KeepCheckpoints = z.strictObject({
  type: z.literal('keep-checkpoints'),
  checkpoints: z.array(Checkpoint).min(1).max(100),
});
export type KeepCheckpoints = z.infer<typeof KeepCheckpoints>;

/** In the order of the checkpoints. `busy`: to be told again; of the others there is nothing more to tell. */
export const CheckpointResult = z.enum(['kept', 'stale', 'busy', 'missing', 'invalid']);
export type CheckpointResult = z.infer<typeof CheckpointResult>;

export const KeptCheckpoints = z.object({ results: z.array(CheckpointResult).max(100) });
export type KeptCheckpoints = z.infer<typeof KeptCheckpoints>;
