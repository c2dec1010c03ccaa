import assert from 'node:assert';
import { randomUUID } from 'node:crypto';
import type { Extend } from '@aisbf/contracts';
import type { Fault } from '@aisbf/faults';
import { familyOf } from '@aisbf/metering';
import { Clock, Log } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { Delivery } from '../domain/delivery.js';
import { faults } from '../domain/faults.js';
import type { AnswerRoom } from '../domain/realtime-answer.js';
import { SessionBook } from '../domain/session-book.js';
import {
  answerEndOf,
  codeForBuyer,
  codeForUpstream,
  isRunningPaid,
  type MarketReason,
  type SessionEnd,
} from '../domain/session-end.js';
import type { RelayEnd } from './answer-relay.js';
import { Checkpoints } from './checkpoints.js';
import { FaultWords } from './fault-words.js';
import type { Frames } from './frames.js';
import { Holds } from './holds.js';
import { asTold } from './refusal.js';
import { heldBy, type Passage, type Passed, Relay } from './relay.js';
import { reasonOf, type SessionBuyer } from './session-buyer.js';
import { SessionHold } from './session-hold.js';
import { SessionRun } from './session-run.js';
import { SessionTimers } from './session-timers.js';

/** What bounds a session. Also the DI token. */
export class SessionLimits {
  constructor(
    /** What one answer is given at first. */
    readonly room: AnswerRoom,
    /** How much more it gets at a time. */
    readonly step: AnswerRoom,
    /** How many answers a model with tools of its own may begin by itself, one after the other. */
    readonly followUpsMax: number,
    /** How long nobody may say anything. */
    readonly idleMs: number,
    /** First pause after accounts did not answer. */
    readonly retryMs: number,
  ) {}
}

type Open = Readonly<{ buyer: Frames; upstream: Frames; book: SessionBook; hold: SessionHold }>;

/** Runs a session from the moment at which both sides are open. */
@Injectable()
export class SessionRelay extends Relay<SessionBuyer> {
  constructor(
    private readonly holds: Holds,
    private readonly checkpoints: Checkpoints,
    private readonly limits: SessionLimits,
    private readonly words: FaultWords,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {
    super();
  }

  async run(passage: Passage<SessionBuyer>): Promise<Passed> {
    const { exchange, candidate } = passage;
    const upstream = exchange.answer.frames;
    assert(upstream, 'a session has a socket');
    exchange.onServing();
    const family = familyOf(candidate.model);
    const book = new SessionBook(family, this.limits.room, this.limits.followUpsMax);
    const open: Open = {
      upstream,
      buyer: await exchange.buyer.open(exchange.head()),
      book,
      hold: this.holdFor(passage, book),
    };
    const unwatch = this.checkpoints.watch({ ...heldBy(passage), soFar: () => book.soFar });
    const end = await this.serve(passage, open).finally(unwatch);
    const passed = this.passedAs(end, open, new Delivery(family.tokenizer));
    upstream.close(codeForUpstream(end), '');
    this.sayWhy(end, open.buyer);
    exchange.buyer.closeWith(codeForBuyer(end), end.by === 'market' ? end.reason : '');
    return passed;
  }

  private async serve(passage: Passage<SessionBuyer>, open: Open): Promise<SessionEnd> {
    const { exchange, work, candidate, plan } = passage;
    const { over, leaving } = exchange.buyer;
    const run: SessionRun = new SessionRun({
      ...open,
      names: { route: work.request.model, model: candidate.model },
      step: this.limits.step,
      asTold: (message) => asTold(message, candidate),
      eventOf: (fault, eventId) => this.eventOf(fault, eventId),
      onFrame: (from) => {
        if (from === 'upstream') exchange.onBytes();
        timers.heard(from);
      },
      leaving,
    });
    const timers = new SessionTimers({
      clock: this.clock,
      idleMs: this.limits.idleMs,
      silenceMs: plan.deadlines.idleMs,
      isAwaited: () => run.isAwaitingModel,
      hold: open.hold,
    });
    const onOver = () => run.end({ by: 'market', reason: reasonOf(over) });
    over.addEventListener('abort', onOver, { once: true });
    if (over.aborted) onOver();
    timers.start(
      (end) => run.end(end),
      (error) => run.fail(error),
    );
    try {
      return await run.run();
    } finally {
      timers.stop();
      over.removeEventListener('abort', onOver);
    }
  }

  private passedAs(end: SessionEnd, { book, hold }: Open, delivery: Delivery): Passed {
    const wasAnswering = book.isAnswering;
    const { units, usage, hasContent } = book.bill(isRunningPaid(end));
    const relayed: RelayEnd =
      end.by === 'seller'
        ? { kind: 'ended', end: 'failed', failure: end.failure }
        : { kind: 'ended', end: hasContent ? 'finished' : 'buyer_left' };
    return {
      relayed,
      delivery,
      outputTokensHeld: null,
      bill: {
        units,
        usage,
        hasContent,
        finishReason: hasContent ? 'stop' : null,
        holdExpiresAtMs: hold.expiresAtMs,
        end: answerEndOf(end, { hasContent, wasAnswering }),
      },
    };
  }

  private sayWhy(end: SessionEnd, buyer: Frames): void {
    const fault = faultOf(end);
    // Whoever does not read is not waited for.
    if (fault) void buyer.send(this.eventOf(fault, null));
  }

  private eventOf(fault: Fault, eventId: string | null): string {
    const { error } = this.words.of(fault).body;
    const id = `event_${randomUUID().replaceAll('-', '')}`;
    return JSON.stringify({ type: 'error', event_id: id, error: { ...error, event_id: eventId } });
  }

  /** What it has come to goes along with each question: that needs no call of its own. */
  private holdFor(passage: Passage<SessionBuyer>, book: SessionBook): SessionHold {
    const { plan } = passage;
    const question = (units: Extend['units'], renewUntilMs: number): Extend => {
      const { soFar } = book;
      const progress = soFar && this.checkpoints.progressOf(soFar);
      return { type: 'extend', ...heldBy(passage), units, renewUntilMs, progress };
    };
    return new SessionHold({
      ask: async (units, untilMs) => (await this.holds.extend(question(units, untilMs))).result,
      expiresAtMs: plan.holdExpiresAtMs,
      ttlMs: Math.max(0, plan.holdExpiresAtMs - this.clock.nowMs()),
      retryMs: this.limits.retryMs,
      clock: this.clock,
      log: this.log,
    });
  }
}

const faultByReason: Readonly<Partial<Record<MarketReason, () => Fault>>> = {
  expired: faults.SESSION_EXPIRED,
  idle: faults.SESSION_IDLE,
  revoked: faults.API_TOKEN_INVALID,
  leaving: faults.SESSION_LEAVING,
  unheld: faults.SESSION_UNHELD,
};

/** What the buyer is told of an end that is not its own and not orderly; of money it has been told before. */
function faultOf(end: SessionEnd): Fault | undefined {
  if (end.by === 'market') return faultByReason[end.reason]?.();
  if (end.by !== 'seller') return undefined;
  return end.failure === 'timeout' ? faults.STREAM_TIMED_OUT() : faults.STREAM_CUT();
}
