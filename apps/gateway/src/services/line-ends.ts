import { setTimeout as delay } from 'node:timers/promises';
import type { BatchLine, LineResult, Settle } from '@aisbf/contracts';
import { Fault } from '@aisbf/faults';
import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { pauseMs } from '../domain/line-fate.js';
import { answeredLine } from '../domain/line-outcome.js';
import type { WholeAnswer } from '../domain/sealed-answer.js';
import { BatchWorkStore } from './batch-store.js';
import { BatchTerms, type ClaimedBatch } from './claimed-batch.js';
import { Settlements } from './settlements.js';

/** One go at a line, and what has come of it. */
export type LineGo = {
  readonly batch: ClaimedBatch;
  readonly line: BatchLine;
  readonly customId: string;
  answer?: WholeAnswer;
  /** Where money was held for it: how its request has ended, which nobody has been told yet. */
  ended?: Readonly<{ settlement: Settle; holdExpiresAtMs: number }>;
};

const tellAgainMs = 200;
const tellAgainMsMax = 2_000;

/** Tells accounts how goes at lines have ended. Each ends its hold: with its outcome, or before it is tried again. */
@Injectable()
export class LineEnds {
  constructor(
    private readonly store: BatchWorkStore,
    private readonly settlements: Settlements,
    private readonly terms: BatchTerms,
    private readonly clock: Clock,
  ) {}

  /** False where it counts for nothing, and is not paid for. */
  answered(go: LineGo, { status, body }: Pick<WholeAnswer, 'status' | 'body'>): Promise<boolean> {
    return this.record(go, 'output', status, new TextDecoder().decode(body));
  }

  refused(go: LineGo, status: number, body: string): Promise<boolean> {
    return this.record(unpaid(go), 'error', status, body);
  }

  async postpone(go: LineGo, isTry: boolean, fault: Fault | undefined): Promise<void> {
    await this.release(go);
    const { batch, line } = go;
    const { retryAfterMs } = fault?.details ?? {};
    const askedMs = typeof retryAfterMs === 'number' ? retryAfterMs : 0;
    await this.store.postpone({
      ...{ type: 'postpone-batch-line', batchId: batch.claim.batchId, isTry },
      ...{ position: line.position, requestId: line.requestId },
      delayMs: pauseMs(line.pauses, this.terms.retries, askedMs),
    });
  }

  /** Gives back what was held for a go without an outcome. */
  async release(go: LineGo): Promise<void> {
    const { ended } = unpaid(go);
    if (!ended) return;
    try {
      await this.settlements.settleNow(ended.settlement);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.settlements.report(ended.settlement, ended.holdExpiresAtMs);
    }
  }

  /** Again and again, which is once, for as long as nobody else can have taken the line over. */
  private async record(
    { batch, line, customId, ended }: LineGo,
    result: LineResult,
    status: number,
    body: string,
  ): Promise<boolean> {
    const { position, requestId } = line;
    const text = answeredLine({ customId, requestId, status, body });
    const sealed = batch.series.seal(Buffer.from(text), { position });
    const { batchId } = batch.claim;
    const settlement = ended?.settlement ?? null;
    const untilMs = this.clock.nowMs() + this.terms.claimMs;
    for (let waitMs = tellAgainMs; ; waitMs = Math.min(waitMs * 2, tellAgainMsMax)) {
      try {
        return await this.store.record({
          ...{ batchId, position, result, requestId },
          ...{ settlement, sealed },
        });
      } catch (error) {
        const isLost = error instanceof Fault && error.kind === 'unavailable';
        if (!isLost || this.clock.nowMs() + waitMs > untilMs) throw error;
        await delay(waitMs);
      }
    }
  }
}

/** An answer that is not kept as the line's is as good as none: nobody pays for it. */
function unpaid(go: LineGo): LineGo {
  const { ended } = go;
  const outcome = ended?.settlement.outcome;
  if (!ended || (outcome !== 'completed' && outcome !== 'buyer_left')) return go;
  return { ...go, ended: { ...ended, settlement: { ...ended.settlement, outcome: 'not_served' } } };
}
