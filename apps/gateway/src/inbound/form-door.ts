import { Readable } from 'node:stream';
import type { Units } from '@aisbf/contracts';
import type { RequestProblem } from '@aisbf/openai';
import { Metrics } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { faults } from '../domain/faults.js';
import { type Form, filesOf } from '../domain/form.js';
import { type FormEndpoint, readFormWork } from '../domain/form-work.js';
import type { ReadingTerms } from '../domain/json-work.js';
import type { Work } from '../domain/work.js';
import { MediaLength } from '../services/media-length.js';
import { receiveForm, UploadLimits } from './form-upload.js';

/** Receives forms, and keeps their files for as long as they are served. */
@Injectable()
export class FormDoor {
  private running = 0;

  constructor(
    private readonly limits: UploadLimits,
    private readonly lengths: MediaLength,
    metrics: Metrics,
  ) {
    metrics.gauge('uploads_running', 'Forms that are received or served.', () => this.running);
  }

  async receive<Result>(
    { headers, body }: FastifyRequest,
    serve: (form: Form) => Promise<Result>,
  ): Promise<Result> {
    if (!(body instanceof Readable)) throw faults.FORM_INVALID();
    if (this.running >= this.limits.uploadsMax) throw faults.OVERLOADED();
    this.running += 1;
    try {
      const { form, discard } = await receiveForm(headers, body, this.limits);
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
    return readFormWork(endpoint, form, await this.unitsOf(endpoint, form), terms);
  }

  /** Sounds are sold by the second, and how long one is says the sound itself. */
  private async unitsOf({ input, fileField }: FormEndpoint, form: Form): Promise<Units> {
    if (input !== 'audio' || fileField === undefined) return {};
    const [file] = filesOf(form).filter(({ name }) => name === fileField);
    if (!file) return {};
    const seconds = await this.lengths.secondsOfFile(file);
    if (seconds === undefined) throw faults.MEDIA_UNREADABLE({ param: fileField });
    return { audio_second: Math.ceil(seconds) };
  }
}
