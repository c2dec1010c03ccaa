import type { Candidate, Plan, RequestFacts } from '@aisbf/contracts';
import type { Fault } from '@aisbf/faults';
import { countPromptTokens } from '@aisbf/metering';
import { type ChatRequest, hasTools, promptInputs, replaceModel } from '@aisbf/openai';
import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { faults } from '../domain/faults.js';
import { mayHaveHeld } from '../domain/lost-admission.js';
import { type AnswerEnd, type Ending, outcomeOf, settlementOf } from '../domain/progress.js';
import { type AttemptFailure, judgeHead, retryAfterMs } from '../domain/upstream-answer.js';
import { Admission } from './admission.js';
import { AnswerLimits, Delivery, type RelayEnd, relayWhole, StreamRelay } from './answer-relay.js';
import { Attempts } from './attempts.js';
import type { Buyer } from './buyer.js';
import { HealthFacts } from './health-facts.js';
import { refusalOf } from './refusal.js';
import { Settlements } from './settlements.js';
import { DeadlinePassed, Upstream, type UpstreamAnswer, UpstreamBroken } from './upstream.js';

/** One request as it came through the door. */
export type ChatCall = Readonly<{
  requestId: string;
  apiToken: string;
  pathUsername: string | null;
  clientAddress: string;
  /** The body's own text, which is what upstreams get. */
  text: string;
  request: ChatRequest;
}>;

/** What is known of one request while it runs. */
type Run = Readonly<{
  call: ChatCall;
  plan: Plan;
  buyer: Buyer;
  attempts: Attempts;
  delivery: Delivery;
  stop: AbortController;
}>;

/** How the whole request ended; a fault is for the buyer who has had no answer yet. */
type RunEnd = Readonly<{
  end: AnswerEnd | 'not_served';
  servedPosition: number | null;
  fault?: Fault;
}>;

/** `next`: nothing has gone to the buyer, and somebody else may do better. */
type AttemptResult = RunEnd | 'next';

/** A buyer's request from the plan to the report: candidates in their order, until one has begun to answer. */
@Injectable()
export class ChatCompletions {
  constructor(
    private readonly admission: Admission,
    private readonly upstream: Upstream,
    private readonly settlements: Settlements,
    private readonly health: HealthFacts,
    private readonly clock: Clock,
    private readonly limits: AnswerLimits,
  ) {}

  async run(call: ChatCall, buyer: Buyer): Promise<void> {
    const startedAtMs = this.clock.nowMs();
    const promptTokens = countPromptTokens(call.request.body);
    const plan = await this.plan(call, promptTokens);
    const stop = new AbortController();
    const attempts = new Attempts(this.clock, this.health);
    const run: Run = { call, plan, buyer, attempts, delivery: new Delivery(), stop };
    const timer = setTimeout(() => stop.abort(new DeadlinePassed()), plan.deadlines.totalMs);
    buyer.left.addEventListener('abort', () => stop.abort(), { once: true });
    if (buyer.left.aborted) stop.abort();

    // Our own bug is nobody's bill: unless the run says otherwise, nothing was served.
    let ended: RunEnd = { end: 'not_served', servedPosition: null };
    try {
      ended = await this.serve(run);
    } finally {
      clearTimeout(timer);
      this.report(run, ended, { startedAtMs, promptTokens });
    }
    if (ended.fault) throw ended.fault;
  }

  /** An admission whose answer got lost may have held money that nobody would use. */
  private async plan(call: ChatCall, promptTokens: number): Promise<Plan> {
    try {
      return await this.admit(call, promptTokens);
    } catch (error) {
      if (mayHaveHeld(error)) this.settlements.withdraw(call.requestId);
      throw error;
    }
  }

  private admit(
    { requestId, apiToken, pathUsername, clientAddress, text, request }: ChatCall,
    promptTokens: number,
  ) {
    return this.admission.admit({
      type: 'admit',
      requestId,
      apiToken,
      pathUsername,
      clientAddress,
      facts: {
        endpoint: 'chat.completions',
        route: request.model,
        isStream: request.isStream,
        bodyBytes: Buffer.byteLength(text),
        promptTokens,
        outputTokensMax: request.outputTokensMax,
        choices: request.choices,
        ...besidesText(request),
      },
    });
  }

  private async serve(run: Run): Promise<RunEnd> {
    const { plan, attempts, stop } = run;
    for (const [position, candidate] of plan.candidates.entries()) {
      if (stop.signal.aborted || attempts.count >= plan.attemptsMax) break;
      attempts.begin(position, candidate);
      const result = await this.attempt(run, position, candidate);
      if (result !== 'next') return result;
    }
    if (run.buyer.left.aborted) return { end: 'not_served', servedPosition: null };
    return { end: 'failed', servedPosition: null, fault: exhaustionOf(attempts) };
  }

  private async attempt(run: Run, position: number, candidate: Candidate): Promise<AttemptResult> {
    const { call, plan, attempts, buyer, stop } = run;
    try {
      const answer = await this.upstream.send({
        candidate,
        path: '/chat/completions',
        body: replaceModel(call.text, candidate.model),
        isStream: call.request.isStream,
        requestId: call.requestId,
        isLast: position === Math.min(plan.candidates.length, plan.attemptsMax) - 1,
        deadlines: plan.deadlines,
        buyerMark: plan.buyerMark,
        signal: stop.signal,
      });
      try {
        return await this.judge(run, position, candidate, answer);
      } finally {
        answer.dismiss();
      }
    } catch (error) {
      if (buyer.left.aborted) {
        attempts.end({ result: 'cancelled', httpStatus: null });
        return { end: 'not_served', servedPosition: null };
      }
      if (!(error instanceof UpstreamBroken)) throw error;
      attempts.end({
        result: 'failed',
        reason: error.isTimeout ? 'timeout' : 'unreachable',
        httpStatus: null,
      });
      return 'next';
    }
  }

  private async judge(
    run: Run,
    position: number,
    candidate: Candidate,
    answer: UpstreamAnswer,
  ): Promise<AttemptResult> {
    const verdict = judgeHead(answer.status, answer.brokerFault);
    if (verdict.kind === 'go_on') return this.relay(run, position, candidate, answer);
    const { status: httpStatus } = answer;
    if (verdict.kind === 'refused') {
      const fault = await refusalOf(answer, candidate);
      run.attempts.end({ result: 'failed', reason: 'request_refused', httpStatus });
      return { end: 'not_served', servedPosition: null, fault };
    }
    run.attempts.end({
      result: 'failed',
      reason: verdict.failure,
      httpStatus,
      retryAfterMs: retryAfterMs(answer.retryAfter, this.clock.nowMs()),
    });
    return 'next';
  }

  private async relay(
    run: Run,
    position: number,
    candidate: Candidate,
    answer: UpstreamAnswer,
  ): Promise<AttemptResult> {
    const { buyer, attempts, delivery, call } = run;
    const exchange = {
      answer,
      buyer,
      head: { provider: candidate.providerLabel, attempts: attempts.count },
      limits: this.limits,
      onFirstByte: () => attempts.firstByte(),
    };
    const relayed = call.request.isStream
      ? await new StreamRelay(exchange, delivery).run()
      : await relayWhole(exchange, delivery);
    endAttempt(attempts, relayed, { httpStatus: answer.status, tokens: delivery.tokens.total });
    return relayed.kind === 'failed' ? 'next' : { end: relayed.end, servedPosition: position };
  }

  private report(
    { plan, attempts, delivery }: Run,
    { end, servedPosition }: RunEnd,
    started: Readonly<{ startedAtMs: number; promptTokens: number }>,
  ): void {
    const completionTokens = delivery.tokens.total;
    const { finishReason } = delivery;
    const ending: Ending = {
      startedAtMs: started.startedAtMs,
      outcome: end === 'not_served' ? end : outcomeOf(end, { completionTokens, finishReason }),
      servedPosition,
      units: { prompt_token: started.promptTokens, completion_token: completionTokens },
      reported: delivery.usage,
      finishReason,
      attempts: attempts.all,
      firstByteAtMs: attempts.firstByteAtMs,
      endedAtMs: this.clock.nowMs(),
    };
    this.settlements.report(settlementOf(plan, ending), plan.holdExpiresAtMs);
  }
}

/** Of a plain request there is nothing to say. */
function besidesText({ body }: ChatRequest): Pick<RequestFacts, 'inputs' | 'hasTools'> {
  const inputs = [...promptInputs(body)];
  return { ...(inputs.length > 0 && { inputs }), ...(hasTools(body) && { hasTools: true }) };
}

function endAttempt(
  attempts: Attempts,
  relayed: RelayEnd,
  { httpStatus, tokens }: Readonly<{ httpStatus: number; tokens: number }>,
): void {
  if (relayed.kind === 'failed' || relayed.end === 'failed') {
    attempts.end({ result: 'failed', reason: relayed.failure ?? 'cut', httpStatus });
  } else if (relayed.end === 'buyer_left' && tokens === 0) {
    attempts.end({ result: 'cancelled', httpStatus });
  } else {
    attempts.end({ result: 'served', httpStatus });
  }
}

/** What to tell the buyer when nobody served. */
function exhaustionOf(attempts: Attempts): Fault {
  const reasons = attempts.all.map(({ reason }) => reason);
  const details = { attempts: reasons.length, reasons: [...new Set(reasons)].join(', ') };
  const isAll = (failure: AttemptFailure) =>
    reasons.length > 0 && reasons.every((it) => it === failure);
  if (isAll('timeout')) return faults.ATTEMPTS_TIMED_OUT(details);
  if (isAll('rate_limited') || isAll('worker_busy')) {
    return faults.ALL_BUSY({ ...details, retryAfterMs: 1_000 });
  }
  return faults.ALL_ATTEMPTS_FAILED(details);
}
