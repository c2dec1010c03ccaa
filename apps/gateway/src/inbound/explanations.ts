import type { RouteExplanation } from '@aisbf/contracts';
import { familyOf } from '@aisbf/metering';
import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { factsOf, type Work } from '../domain/work.js';
import { Admission } from '../services/admission.js';
import { callerOf } from './buyer-request.js';

/** What would become of a request: nobody is called, and nothing is held. */
@Injectable()
export class Explanations {
  constructor(private readonly admission: Admission) {}

  explain(request: FastifyRequest, work: Work): Promise<RouteExplanation> {
    return this.admission.explain({
      type: 'explain',
      seed: request.id,
      ...callerOf(request),
      facts: factsOf(work, work.prompt.tokensFor(familyOf(work.request.model))),
    });
  }
}
