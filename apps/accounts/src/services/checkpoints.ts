import type { Checkpoint, CheckpointResult } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import type { HeldTerms } from '../domain/charge.js';
import { type Evidence, evidenceOf } from '../domain/evidence.js';

/** Evidence, and the hold that it is to be kept with. */
export type HeldEvidence = Readonly<{ requestId: string; holdEpoch: number; evidence: Evidence }>;

/** Where it is kept what running requests have come to. Moves no money. */
export abstract class CheckpointStore {
  /** What was fixed at admission, of those that still run. */
  abstract heldTerms(requestIds: readonly string[]): Promise<ReadonlyMap<string, HeldTerms>>;
  /** Safe to repeat, and in any order: what is known never goes back. */
  abstract keep(all: readonly HeldEvidence[]): Promise<readonly CheckpointResult[]>;
}

/** Keeps what running requests have delivered, for the case that nobody reports how they end. */
@Injectable()
export class Checkpoints {
  constructor(private readonly store: CheckpointStore) {}

  /** Each by itself: one that is wrong leaves the others alone. */
  async keepAll(checkpoints: readonly Checkpoint[]): Promise<readonly CheckpointResult[]> {
    const held = await this.store.heldTerms(checkpoints.map(({ requestId }) => requestId));
    const judged = checkpoints.map((one) => judge(one, held.get(one.requestId)));
    const sound = judged.filter((one) => typeof one !== 'string');
    const results = sound.length === 0 ? [] : await this.store.keep(sound);
    const kept = new Map(sound.map((one, place) => [one, results[place] ?? 'busy']));
    return judged.map((one) => (typeof one === 'string' ? one : (kept.get(one) ?? 'busy')));
  }
}

function judge(
  { requestId, holdEpoch, servedPosition, progress }: Checkpoint,
  terms: HeldTerms | undefined,
): HeldEvidence | 'missing' | 'invalid' {
  if (!terms) return 'missing';
  const evidence = evidenceOf(terms, servedPosition, progress);
  return evidence ? { requestId, holdEpoch, evidence } : 'invalid';
}
