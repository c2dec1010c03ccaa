import type { Candidate, Plan, Settle } from '@aisbf/contracts';
import type { Fault } from '@aisbf/faults';
import { familyOf } from '@aisbf/metering';
import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { type Delivered, deliveredUnits } from '../domain/delivered-units.js';
import { Delivery } from '../domain/delivery.js';
import { type AnswerEnd, type Ending, outcomeOf, settlementOf } from '../domain/progress.js';
import { retryAfterMs } from '../domain/retry-after.js';
import type { WholeAnswer } from '../domain/sealed-answer.js';
import { judgeHead } from '../domain/upstream-answer.js';
import {
  addressFor,
  formFor,
  isAtOwnPath,
  isFor,
  type Work,
  type WorkForm,
} from '../domain/work.js';
import { type Admitted, Admitting } from './admitting.js';
import { answerHead } from './answer-head.js';
import { endAttempt, exhaustionOf } from './attempt-ending.js';
import { AttemptBook, type Attempts } from './attempts.js';
import type { Buyer, Waiter } from './buyer.js';
import type { TakeDeferred } from './deferred-answer.js';
import { refusalOf } from './refusal.js';
import { type Bill, Relay } from './relay.js';
import { Settlements } from './settlements.js';
import { type Turn, Turns } from './turns.js';
import {
  DeadlinePassed,
  Outrun,
  Upstream,
  type UpstreamAnswer,
  UpstreamBroken,
} from './upstream.js';

/** One request as it came through the door. */
export type Call = Admitted &
  Readonly<{
    /** Keeps a whole answer before it is paid for. Where it throws, the request was not served. */
    keep?: (answer: WholeAnswer) => Promise<void>;
    /** Takes how the request has ended, where what it costs is settled with more than that; otherwise it is reported. */
    settle?: (settlement: Settle, holdExpiresAtMs: number) => void;
    /** Where the endpoint lets later requests build on this one. */
    remember?: (answer: string) => Promise<void>;
    /** What becomes of the text of an answer, where it may name what lies with whoever serves. */
    turnFor?: (candidate: Candidate) => ((text: string) => string) | undefined;
    /** Of deferred work: keeps in mind what the answer has promised. */
    take?: TakeDeferred;
  }>;

/** What is known of one request while it runs. */
type Run<Waiting extends Waiter> = Readonly<{
  call: Call;
  /** As it was told to the router, which has held money for so many. */
  promptTokens: number;
  plan: Plan;
  buyer: Waiting;
  attempts: Attempts;
  stop: AbortController;
  startedAtMs: number;
}>;

/** Who served, and what of it has gone to the buyer. */
type Served = Delivered & Readonly<{ position: number; bill?: Bill | undefined }>;

/** How the whole request ended; a fault is for the buyer who has had no answer yet. */
type RunEnd = Readonly<{
  end: AnswerEnd | 'not_served';
  served?: Served;
  fault?: Fault;
}>;

/** `next`: nothing has gone to the buyer, and somebody else may do better. */
type AttemptResult = RunEnd | 'next';

/** A buyer's request from the plan to the report: candidates in their order, until one has begun to answer. */
@Injectable()
export class Inference<Waiting extends Waiter = Buyer> {
  constructor(
    private readonly admitting: Admitting,
    private readonly upstream: Upstream,
    private readonly settlements: Settlements,
    private readonly book: AttemptBook,
    private readonly clock: Clock,
    private readonly relay: Relay<Waiting>,
  ) {}

  async run(call: Call, buyer: Waiting): Promise<void> {
    const startedAtMs = this.clock.nowMs();
    const { prompt, request, endpoint } = call.work;
    const promptTokens = prompt.tokensFor(familyOf(request.model));
    const plan = await this.admitting.plan(call, promptTokens);
    const stop = new AbortController();
    const isBatch = call.isBatch ?? false;
    const attempts = this.book.attemptsOf({ endpoint, request, promptTokens, isBatch }, plan);
    const run: Run<Waiting> = { call, promptTokens, plan, buyer, attempts, stop, startedAtMs };
    const timer = setTimeout(() => {
      buyer.expire();
      stop.abort(new DeadlinePassed());
    }, plan.deadlines.totalMs);
    buyer.left.addEventListener('abort', () => stop.abort(), { once: true });
    if (buyer.left.aborted) stop.abort();

    // Our own bug is nobody's bill: unless the run says otherwise, nothing was served.
    let ended: RunEnd = { end: 'not_served' };
    try {
      ended = await this.serve(run);
    } finally {
      clearTimeout(timer);
      attempts.close();
      this.report(run, ended);
    }
    if (ended.fault) throw ended.fault;
  }

  private async serve(run: Run<Waiting>): Promise<RunEnd> {
    const { plan, attempts, stop, call } = run;
    const turns = new Turns<RunEnd>({
      candidates: [...plan.candidates.entries()].filter(([, one]) => isFor(call.work, one)),
      attemptsMax: plan.attemptsMax,
      attempts,
      signal: stop.signal,
      ask: (turn) => this.attempt(run, turn),
      betterOf: (one, other) => (one.served || !other.served ? one : other),
    });
    const result = await turns.take();
    if (result !== 'next') return result;
    if (run.buyer.left.aborted) return { end: 'not_served' };
    return { end: 'failed', fault: exhaustionOf(attempts) };
  }

  private async attempt(run: Run<Waiting>, turn: Turn): Promise<AttemptResult> {
    const { call, plan, attempts, buyer, stop } = run;
    const { position, candidate, attempt } = turn;
    const form = formFor(call.work, candidate.endpoint);
    try {
      const answer = await this.upstream.send({
        candidate,
        ...addressFor(call.work, form, candidate.model),
        body: form.bodyFor(candidate.model),
        headers: headersFor(form, candidate),
        isStream: call.work.request.isStream,
        requestId: call.requestId,
        isLast:
          !attempts.mayRetryNow ||
          position === Math.min(plan.candidates.length, plan.attemptsMax) - 1,
        givesWay: call.isBatch ?? false,
        deadlines: plan.deadlines,
        buyerMark: plan.buyerMark,
        signal: AbortSignal.any([stop.signal, attempt.outrun]),
      });
      try {
        return await this.judge(run, turn, answer);
      } finally {
        answer.dismiss();
      }
    } catch (error) {
      if (error instanceof Outrun) return 'next';
      if (buyer.left.aborted) {
        attempt.end({ result: 'cancelled', httpStatus: null });
        return { end: 'not_served' };
      }
      if (!(error instanceof UpstreamBroken)) throw error;
      attempt.end({ result: 'failed', reason: error.failure, httpStatus: null });
      return 'next';
    }
  }

  private async judge(
    run: Run<Waiting>,
    turn: Turn,
    answer: UpstreamAnswer,
  ): Promise<AttemptResult> {
    const verdict = judgeHead(answer.status, answer.brokerFault, isAtOwnPath(run.call.work));
    if (verdict.kind === 'go_on') return this.pass(run, turn, answer);
    const { status: httpStatus } = answer;
    if (verdict.kind === 'refused') {
      const fault = await refusalOf(answer, turn.candidate);
      turn.attempt.end({ result: 'failed', reason: 'request_refused', httpStatus });
      return { end: 'not_served', fault };
    }
    turn.attempt.end({
      result: 'failed',
      reason: verdict.failure,
      httpStatus,
      retryAfterMs: retryAfterMs(answer.retry, this.clock.nowMs(), httpStatus === 429),
    });
    return 'next';
  }

  /** What is promised costs what it would cost if it were delivered. */
  private async promise(
    { call, plan, promptTokens }: Run<Waiting>,
    position: number,
    candidate: Candidate,
    body: Buffer,
  ): Promise<Buffer> {
    const delivery = new Delivery(familyOf(candidate.model).tokenizer);
    delivery.media = 1;
    const served = { position, candidate, delivery, outputTokensHeld: null };
    const units = deliveredUnits(served, call.work, promptTokens);
    return (await call.take?.({ body, plan, position, candidate, units })) ?? body;
  }

  private async pass(
    run: Run<Waiting>,
    turn: Turn,
    answer: UpstreamAnswer,
  ): Promise<AttemptResult> {
    const { position, candidate, attempt } = turn;
    const { buyer, attempts, call, plan, promptTokens, startedAtMs } = run;
    const { relayed, delivery, outputTokensHeld, bill } = await this.relay.run({
      exchange: {
        answer,
        buyer,
        head: () => answerHead(call.work, plan, candidate, attempts, attempt),
        onBytes: () => attempt.bytes(),
        onServing: () => attempts.serving(attempt),
        heldBackBy: (waiting) => attempt.heldBackBy(waiting),
        keep: call.keep,
        remember: call.remember,
        turn: call.turnFor?.(candidate),
        take: call.take && ((body) => this.promise(run, position, candidate, body)),
      },
      work: call.work,
      plan,
      position,
      candidate,
      promptTokens,
      startedAtMs,
    });
    const { isStream } = call.work.request;
    const { status: httpStatus } = answer;
    endAttempt(attempt, relayed, {
      httpStatus,
      tokens: delivery.outputTokens,
      hasContent: bill?.hasContent ?? delivery.hasContent,
      isStream,
    });
    if (relayed.kind === 'failed' || attempt.outrun.aborted) return 'next';
    const served = { position, candidate, delivery, outputTokensHeld, bill };
    return { end: bill?.end ?? relayed.end, served };
  }

  private report(
    { plan, attempts, call, promptTokens, startedAtMs }: Run<Waiting>,
    ended: RunEnd,
  ): void {
    const { end, served } = ended;
    // Whoever sees that it is there, or never will be, reports then.
    if (served && call.work.isDeferred) return;
    const bill = served && billOf(served, call.work, promptTokens);
    const { finishReason = null, usage = null, hasContent = false } = bill ?? {};
    const ending: Ending = {
      startedAtMs,
      outcome: end === 'not_served' ? end : outcomeOf(end, { hasContent, finishReason }),
      servedPosition: served?.position ?? null,
      units: bill?.units ?? {},
      reported: usage,
      finishReason,
      attempts: attempts.all,
      firstByteAtMs: attempts.firstByteAtMs,
      endedAtMs: this.clock.nowMs(),
    };
    const holdExpiresAtMs = bill?.holdExpiresAtMs ?? plan.holdExpiresAtMs;
    const settlement = settlementOf(plan, ending);
    if (call.settle) call.settle(settlement, holdExpiresAtMs);
    else this.settlements.report(settlement, holdExpiresAtMs);
  }
}

function billOf(served: Served, work: Work, promptTokens: number): Bill {
  if (served.bill) return served.bill;
  const { usage, finishReason, hasContent } = served.delivery;
  return { units: deliveredUnits(served, work, promptTokens), usage, finishReason, hasContent };
}

/** A worker opens the door to its engine itself. */
function headersFor({ headersOf }: WorkForm, candidate: Candidate) {
  return headersOf?.(candidate.kind === 'http' ? candidate.headers : {}) ?? {};
}
