import { setTimeout as delay } from 'node:timers/promises';
import type { BatchLine, FinalizeBatch } from '@aisbf/contracts';
import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { customIdOf } from '../domain/batch-line.js';
import { faults } from '../domain/faults.js';
import { unaskedLine } from '../domain/line-outcome.js';
import { BatchEvents } from './batch-events.js';
import { BatchWorkStore } from './batch-store.js';
import { BatchTerms, type ClaimedBatch } from './claimed-batch.js';
import { LineRun } from './line-run.js';
import { RunningRequests } from './running-requests.js';

export type Ending = FinalizeBatch['ending'];
/** Its lines have all ended, in this way; or there is nothing to do for so long. */
export type LinesEnd = Ending | Readonly<{ restMs: number }>;

/** How soon a batch hears that it was cancelled, and a gateway that it has room again. */
const lookMs = 1_000;
/** How soon it hears that an answer is paid for. */
const paidLookMs = 50;
/** After something went wrong that is not the lines' own. */
const troubleRestMs = 5_000;
/** Lines closed in one call, at about half a kilobyte. */
const closedMax = 500;

const closings = {
  cancelled: {
    code: 'batch_cancelled',
    message: 'The batch was cancelled before this request ran.',
  },
  expired: {
    code: 'batch_expired',
    message: 'This request could not be run before the completion window expired.',
  },
  failed: {
    code: 'invalid_api_key',
    message: 'The API token that the batch was made with is not valid any more.',
  },
} as const;

/** What one go at a batch has seen so far. */
type Go = {
  readonly running: Map<number, Promise<void>>;
  isVoid: boolean;
  /** No line begins any more. */
  isEnding: boolean;
  restMs: number;
  sliceEndsAtMs: number;
  lookMs: number;
};

/** Runs the lines of a batch, a few at a time, while nobody else needs the room. */
@Injectable()
export class BatchLines {
  constructor(
    private readonly store: BatchWorkStore,
    private readonly line: LineRun,
    private readonly live: RunningRequests,
    private readonly terms: BatchTerms,
    private readonly clock: Clock,
    private readonly events: BatchEvents,
  ) {}

  /** Until nothing of it is left, its time here is over, or whoever asked is leaving. */
  async run(batch: ClaimedBatch, stop: Readonly<{ leaving: AbortSignal; left: AbortSignal }>) {
    const go: Go = {
      ...{ running: new Map(), isVoid: false, isEnding: false, restMs: 0, lookMs },
      sliceEndsAtMs: this.clock.nowMs() + this.terms.sliceMs,
    };
    try {
      for (;;) {
        const end = await this.step(batch, go, stop);
        if (end !== undefined) return end;
        await Promise.race([...go.running.values(), delay(go.lookMs, undefined, { ref: false })]);
      }
    } finally {
      await Promise.all(go.running.values());
    }
  }

  /** Gives all lines that are left an outcome without running them. */
  async close(batch: ClaimedBatch, ending: keyof typeof closings): Promise<void> {
    for (;;) {
      const { lines, unpaidCount } = await this.take(batch, {
        ...{ limit: closedMax, running: [], isClosing: true },
      });
      if (lines.length === 0 && unpaidCount === 0) return;
      if (lines.length === 0) {
        await delay(paidLookMs);
        continue;
      }
      const closed = await Promise.all(
        lines.map((line) => this.closedLine(batch, line, closings[ending])),
      );
      await this.store.closeLines({ type: 'close-batch-lines', ...batch.claim, lines: closed });
    }
  }

  private async step(
    batch: ClaimedBatch,
    go: Go,
    { leaving, left }: Readonly<{ leaving: AbortSignal; left: AbortSignal }>,
  ): Promise<LinesEnd | undefined> {
    if (leaving.aborted || (await this.isTurnOver(go))) go.isEnding = true;
    const mayBegin = !go.isEnding && this.live.count <= this.terms.liveRequestsMax;
    const taken = await this.take(batch, {
      limit: mayBegin ? this.terms.lines.atOnceMax - go.running.size : 0,
      running: [...go.running.keys()],
      isClosing: false,
    });
    const ending = go.isVoid ? 'failed' : endingOf(taken);
    if (ending) return ending;
    for (const line of taken.lines) this.begin(batch, go, line, left);
    const isAwaitingPay =
      go.running.size === 0 && taken.lines.length === 0 && taken.unpaidCount > 0;
    go.lookMs = isAwaitingPay ? paidLookMs : lookMs;
    if (go.running.size > 0 || (isAwaitingPay && !go.isEnding)) return undefined;
    if (go.isEnding) return { restMs: go.restMs };
    return { restMs: mayBegin ? (taken.nextInMs ?? 0) : lookMs };
  }

  /** Whoever waits comes first once this one has had its time. */
  private async isTurnOver(go: Go): Promise<boolean> {
    if (go.isEnding || this.clock.nowMs() < go.sliceEndsAtMs) return false;
    go.sliceEndsAtMs = this.clock.nowMs() + this.terms.sliceMs;
    return (await this.store.due(1)).length > 0;
  }

  private begin(batch: ClaimedBatch, go: Go, line: BatchLine, left: AbortSignal): void {
    this.events.lineBegan();
    const run = this.line
      .run(batch, line, left)
      .then((end) => {
        this.events.lineEnded(end);
        go.isVoid ||= end === 'void';
      })
      .catch((error: unknown) => {
        this.events.lineEnded('broken');
        this.events.lineBroke(batch.claim.batchId, line.position, error);
        [go.isEnding, go.restMs] = [true, troubleRestMs];
      })
      .finally(() => {
        go.running.delete(line.position);
      });
    go.running.set(line.position, run);
  }

  private async take(
    { claim }: ClaimedBatch,
    wanted: Readonly<{ limit: number; running: number[]; isClosing: boolean }>,
  ) {
    const { claimMs } = this.terms;
    const request = { type: 'take-batch-lines', ...claim, claimMs, ...wanted } as const;
    const taken = await this.store.takeLines(request);
    if (!taken.isHeld) throw faults.BATCH_CLAIM_LOST();
    return taken;
  }

  private async closedLine(
    { input, series }: ClaimedBatch,
    { position, requestId, offset, length }: BatchLine,
    error: Readonly<{ code: string; message: string }>,
  ) {
    const customId = customIdOf(await input.slice(offset, offset + length));
    const text = unaskedLine(requestId, customId, error);
    return { position, outcome: series.seal(Buffer.from(text), { position }).toString('base64') };
  }
}

function endingOf({
  isCancelling,
  isTimeOver,
  openCount,
}: Readonly<{ isCancelling: boolean; isTimeOver: boolean; openCount: number }>):
  | Ending
  | undefined {
  if (isCancelling) return 'cancelled';
  if (openCount === 0) return 'completed';
  return isTimeOver ? 'expired' : undefined;
}
