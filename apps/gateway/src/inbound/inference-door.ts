import { Metrics } from '@aisbf/platform';
import type { SignalLimits } from '@aisbf/signals';
import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { faults } from '../domain/faults.js';
import type { FormEndpoint } from '../domain/form-work.js';
import { type JsonEndpoint, type ReadingTerms, readJsonWork } from '../domain/json-work.js';
import { readTranslatedWork, type TranslatedEndpoint } from '../domain/translated-work.js';
import type { Work } from '../domain/work.js';
import { IdempotentInference } from '../services/idempotent-inference.js';
import type { Call } from '../services/inference.js';
import { RunningRequests } from '../services/running-requests.js';
import {
  apiTokenOf,
  callerOf,
  idempotencyKeyOf,
  invalidBody,
  newRequestId,
  placeOf,
  sessionOf,
  textOf,
} from './buyer-request.js';
import { FormDoor } from './form-door.js';
import { HttpBuyer } from './http-buyer.js';

export class DoorLimits {
  constructor(
    readonly requestsMax: number,
    readonly signals: SignalLimits,
  ) {}
}

/** What an API does beside OpenAI's. */
export type ServeOptions = Readonly<{
  idHeaders?: readonly string[];
  /** What keeps the answer to this request. */
  rememberAs?: (requestId: string) => (answer: string) => Promise<void>;
}>;

/** Where requests come in that somebody is to serve: what they ask for is read, and their answer goes where they came from. */
@Injectable()
export class InferenceDoor {
  constructor(
    private readonly inference: IdempotentInference,
    private readonly forms: FormDoor,
    private readonly limits: DoorLimits,
    private readonly running: RunningRequests,
    metrics: Metrics,
  ) {
    metrics.gauge('requests_running', 'Requests in flight.', () => running.count);
  }

  serveJson(
    request: FastifyRequest,
    reply: FastifyReply,
    endpoint: JsonEndpoint,
  ): Promise<FastifyReply> {
    return this.serve(request, reply, () => this.readJson(request, endpoint));
  }

  /** Nothing of a form is read for somebody who cannot be a buyer. */
  serveForm(
    request: FastifyRequest,
    reply: FastifyReply,
    endpoint: FormEndpoint,
  ): Promise<FastifyReply> {
    apiTokenOf(request);
    return this.forms.receive(request, (form) =>
      this.serve(request, reply, async () => {
        const work = await this.forms.read(endpoint, form, this.readingTerms(request));
        if ('code' in work) throw invalidBody(work);
        return work;
      }),
    );
  }

  /** An answer that later requests may build on is kept when it has ended. */
  serveTranslated(
    request: FastifyRequest,
    reply: FastifyReply,
    endpoint: TranslatedEndpoint,
    { text, ...options }: ServeOptions & Readonly<{ text?: string }> = {},
  ): Promise<FastifyReply> {
    return this.serve(request, reply, () => this.readTranslated(request, endpoint, text), options);
  }

  readTranslated(
    request: FastifyRequest,
    endpoint: TranslatedEndpoint,
    text = textOf(request.body),
  ): Work {
    const work = readTranslatedWork(endpoint, text, this.readingTerms(request));
    if ('code' in work) throw invalidBody(work);
    return work;
  }

  readJson(request: FastifyRequest, endpoint: JsonEndpoint): Work {
    const work = readJsonWork(endpoint, textOf(request.body), this.readingTerms(request));
    if ('code' in work) throw invalidBody(work);
    return work;
  }

  private async serve(
    request: FastifyRequest,
    reply: FastifyReply,
    read: () => Work | Promise<Work>,
    { idHeaders, rememberAs }: ServeOptions = {},
  ): Promise<FastifyReply> {
    const requestId = newRequestId();
    request.id = requestId;
    const caller = callerOf(request);
    const key = idempotencyKeyOf(request);
    if (this.running.count >= this.limits.requestsMax) throw faults.OVERLOADED();
    this.running.count += 1;
    try {
      const buyer = new HttpBuyer(reply.raw, requestId, idHeaders);
      const call: Call = {
        requestId,
        ...caller,
        work: await read(),
        ...(rememberAs && { remember: rememberAs(requestId) }),
      };
      await this.inference.run(call, key, buyer);
    } finally {
      this.running.count -= 1;
    }
    return reply.hijack();
  }

  private readingTerms(request: FastifyRequest): ReadingTerms {
    const signalLimits = this.limits.signals;
    return { place: placeOf(request), sessionHeader: sessionOf(request), signalLimits };
  }
}
