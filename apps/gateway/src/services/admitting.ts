import type { Idempotency, Plan } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { mayHaveHeld } from '../domain/lost-admission.js';
import type { Work } from '../domain/work.js';
import { Admission } from './admission.js';
import { PromptAdvice } from './prompt-advice.js';
import { Settlements } from './settlements.js';

/** What of a request is admitted. */
export type Admitted = Readonly<{
  requestId: string;
  apiToken: string;
  pathUsername: string | null;
  clientAddress: string;
  work: Work;
  /** Where the buyer has sent a key for it. */
  idempotency?: Idempotency;
  /** A line of a batch: nobody waits for it, so that it gives way to whoever does. */
  isBatch?: boolean;
}>;

/** Has the router plan a request and hold money for it. */
@Injectable()
export class Admitting {
  constructor(
    private readonly admission: Admission,
    private readonly advice: PromptAdvice,
    private readonly settlements: Settlements,
  ) {}

  /** An admission whose answer got lost may have held money that nobody would use. */
  async plan(call: Admitted, promptTokens: number): Promise<Plan> {
    const { requestId, apiToken, pathUsername, clientAddress, idempotency } = call;
    const facts = await this.advice.factsOf(call.work, promptTokens, call);
    try {
      return await this.admission.admit({
        type: 'admit',
        requestId,
        apiToken,
        pathUsername,
        clientAddress,
        ...(idempotency && { idempotency }),
        facts: { ...facts, ...(call.isBatch && { isBatch: true }) },
      });
    } catch (error) {
      if (mayHaveHeld(error)) this.settlements.withdraw(requestId);
      throw error;
    }
  }
}
