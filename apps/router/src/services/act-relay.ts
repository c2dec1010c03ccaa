import type { RecordAct } from '@aisbf/contracts';
import { Fault } from '@aisbf/faults';
import { Injectable } from '@nestjs/common';
import { RouterEvents } from '../events.js';

/** Acts that were written with what they tell of, and that the record does not have yet. */
export abstract class ActStore {
  /** The first of them, in their order. */
  abstract waiting(limit: number): Promise<readonly RecordAct[]>;
  abstract markTold(id: string): Promise<void>;
}

/** The one record of privileged acts, which accounts keeps. */
export abstract class ActRecord {
  /** Resolves when the act is in the record, once, however often it is told. */
  abstract tell(act: RecordAct): Promise<void>;
}

/** People manage by hand and by script: what waits is seldom more than this. */
const roundMax = 200;

/** Carries acts to the record, in their order. Two replicas may carry the same act; it arrives once. */
@Injectable()
export class ActRelay {
  constructor(
    private readonly store: ActStore,
    private readonly record: ActRecord,
    private readonly events: RouterEvents,
  ) {}

  async relay(): Promise<void> {
    try {
      for (;;) {
        const acts = await this.store.waiting(roundMax);
        for (const act of acts) await this.carry(act);
        if (acts.length < roundMax) return;
      }
    } catch (error) {
      // All of it waits on.
      this.events.actsWait(error);
    }
  }

  /** One that the record cannot read keeps the others from nothing. It stays where it was written. */
  private async carry(act: RecordAct): Promise<void> {
    try {
      await this.record.tell(act);
    } catch (error) {
      if (!(error instanceof Fault && error.kind === 'invalid')) throw error;
      this.events.actRefused(act.id, error);
    }
    await this.store.markTold(act.id);
  }
}
