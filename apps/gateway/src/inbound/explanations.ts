import type { RouteExplanation } from '@aisbf/contracts';
import { familyOf } from '@aisbf/metering';
import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Work } from '../domain/work.js';
import { Admission } from '../services/admission.js';
import { PromptAdvice } from '../services/prompt-advice.js';
import { callerOf } from './buyer-request.js';

/** What would become of a request: nobody is called, and nothing is held. */
@Injectable()
export class Explanations {
  constructor(
    private readonly admission: Admission,
    private readonly advice: PromptAdvice,
  ) {}

  async explain(request: FastifyRequest, work: Work): Promise<RouteExplanation> {
    const promptTokens = work.prompt.tokensFor(familyOf(work.request.model));
    const caller = callerOf(request);
    return this.admission.explain({
      type: 'explain',
      seed: request.id,
      ...caller,
      facts: await this.advice.factsOf(work, promptTokens, caller),
    });
  }
}
