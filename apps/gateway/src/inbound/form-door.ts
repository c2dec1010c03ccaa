import { Readable } from 'node:stream';
import type { RequestProblem } from '@aisbf/openai';
import { Metrics } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { faults } from '../domain/faults.js';
import type { Form } from '../domain/form.js';
import { type FormContents, type FormEndpoint, readFormWork } from '../domain/form-work.js';
import type { ReadingTerms } from '../domain/json-work.js';
import type { Work } from '../domain/work.js';
import { FormLooks } from '../services/form-looks.js';
import { Spools } from '../services/spools.js';
import { idempotencyKeyOf } from './buyer-request.js';
import { receiveForm, UploadLimits } from './form-upload.js';

/** Receives forms, and keeps their files for as long as they are served. */
@Injectable()
export class FormDoor {
  private running = 0;

  constructor(
    private readonly limits: UploadLimits,
    private readonly looks: FormLooks,
    private readonly spools: Spools,
    metrics: Metrics,
  ) {
    metrics.gauge('uploads_running', 'Forms that are received or served.', () => this.running);
  }

  async receive<Result>(
    request: FastifyRequest,
    serve: (form: Form) => Promise<Result>,
  ): Promise<Result> {
    const { headers, body } = request;
    if (!(body instanceof Readable)) throw faults.FORM_INVALID();
    const { bytesMax } = this.limits;
    const isHashed = idempotencyKeyOf(request) !== undefined;
    if (this.running >= this.limits.uploadsMax) throw faults.OVERLOADED();
    this.running += 1;
    try {
      const { form, discard } = await receiveForm(headers, body, {
        ...{ spools: this.spools, bytesMax, isHashed },
      });
      try {
        return await serve(form);
      } finally {
        await discard();
      }
    } finally {
      this.running -= 1;
    }
  }

  async read(
    endpoint: FormEndpoint,
    form: Form,
    terms: ReadingTerms,
  ): Promise<Work | RequestProblem> {
    return readFormWork(endpoint, form, await this.looks.contentsOf(form, endpoint), terms);
  }

  /** Of a form of which nobody knows what its files are for. */
  contentsOf(form: Form): Promise<FormContents> {
    return this.looks.contentsOf(form);
  }
}
