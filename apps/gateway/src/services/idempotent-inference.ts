import type { FoundAnswer, Receipt } from '@aisbf/contracts';
import { Fault } from '@aisbf/faults';
import { Log } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { faults } from '../domain/faults.js';
import { openAnswer, sealAnswer, type WholeAnswer } from '../domain/sealed-answer.js';
import type { Buyer } from './buyer.js';
import { type Call, Inference } from './inference.js';
import { KeptAnswers } from './kept-answers.js';
import { Settlements } from './settlements.js';

export class KeptAnswerLimits {
  constructor(
    /** A larger answer is not kept: a repeat gets its receipt. */
    readonly answerBytesMax: number,
  ) {}
}

/** The request has ended, and its answer is not at hand: a stream, or one that was too large to keep. */
export class AnswerNotKept extends Fault {
  constructor(readonly receipt: Receipt) {
    super(faults.IDEMPOTENT_ANSWER_NOT_KEPT().toData());
  }
}

const retryAfterMs = 1_000;

/**
 * Requests that their buyer may send more than once, and wants run and paid for once. Which of several is run is decided
 * where the money is held; here it is looked up what has become of it.
 */
@Injectable()
export class IdempotentInference {
  constructor(
    private readonly inference: Inference,
    private readonly answers: KeptAnswers,
    private readonly settlements: Settlements,
    private readonly limits: KeptAnswerLimits,
    private readonly log: Log,
  ) {}

  /** Without a key a request is what it is, and runs. */
  async run(call: Call, key: string | undefined, buyer: Buyer): Promise<void> {
    if (key === undefined) return this.inference.run(call, buyer);
    const { apiToken, pathUsername, clientAddress } = call;
    const idempotency = { key, bodyHash: call.work.hash() };
    const found = await this.answers.find({
      ...{ type: 'find-answer', apiToken, pathUsername, clientAddress },
      ...idempotency,
    });
    switch (found.state) {
      case 'unknown': {
        const keep = call.keep ?? ((answer: WholeAnswer) => this.keep(call, answer));
        return this.inference.run({ ...call, idempotency, keep }, buyer);
      }
      case 'reused':
        throw faults.IDEMPOTENCY_KEY_REUSED();
      case 'running':
        throw faults.IDEMPOTENCY_KEY_RUNNING({ retryAfterMs });
      case 'ended':
        return this.replay(call, found, buyer);
    }
  }

  private async replay(
    { apiToken, pathUsername, clientAddress }: Call,
    { requestId, answer }: Extract<FoundAnswer, { state: 'ended' }>,
    buyer: Buyer,
  ): Promise<void> {
    const kept = answer === null ? undefined : openAnswer(answer, requestId, apiToken);
    if (!kept) {
      const question = { apiToken, pathUsername, clientAddress, requestId };
      throw new AnswerNotKept(await this.settlements.receipt(question));
    }
    const { status, contentType, body, ...head } = kept;
    buyer.answer({ ...head, replayOf: requestId }, status, contentType, body);
  }

  /** Before the request is settled: as long as it is not, a repeat is told to wait. */
  private async keep({ requestId, apiToken }: Call, answer: WholeAnswer): Promise<void> {
    if (answer.body.length > this.limits.answerBytesMax) return;
    const sealed = sealAnswer(answer, requestId, apiToken);
    try {
      await this.answers.keep({ type: 'keep-answer', requestId, answer: sealed });
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      // The buyer has it; a repeat will get the receipt.
      this.log.warn({ requestId, error }, 'an answer could not be kept for a repeat');
    }
  }
}
