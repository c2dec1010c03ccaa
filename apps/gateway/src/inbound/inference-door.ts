import { Readable } from 'node:stream';
import type { RequestProblem } from '@aisbf/openai';
import { Metrics } from '@aisbf/platform';
import type { SignalLimits } from '@aisbf/signals';
import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { faults } from '../domain/faults.js';
import type { FormEndpoint } from '../domain/form-work.js';
import { type JsonEndpoint, type ReadingTerms, readJsonWork } from '../domain/json-work.js';
import { readStudioForm, readStudioJson, readStudioQuery } from '../domain/studio-work.js';
import { readTranslatedWork, type TranslatedEndpoint } from '../domain/translated-work.js';
import type { Work } from '../domain/work.js';
import type { DeferredAnswer } from '../services/deferred-answer.js';
import { IdempotentInference } from '../services/idempotent-inference.js';
import type { Call } from '../services/inference.js';
import { MediaLinks, makerOf } from '../services/media-links.js';
import { RunningRequests } from '../services/running-requests.js';
import {
  apiTokenOf,
  callerOf,
  idempotencyKeyOf,
  invalidBody,
  newRequestId,
  originOf,
  placeOf,
  sessionOf,
  textOf,
} from './buyer-request.js';
import { FormDoor } from './form-door.js';
import { HttpBuyer } from './http-buyer.js';
import { studioCallOf } from './studio-call.js';

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
  /** Keeps in mind what the answer has promised, where it is only a promise. */
  take?: (answer: DeferredAnswer, work: Work) => Promise<Buffer>;
}>;

/** Where requests come in that somebody is to serve: what they ask for is read, and their answer goes where they came from. */
@Injectable()
export class InferenceDoor {
  constructor(
    private readonly inference: IdempotentInference,
    private readonly forms: FormDoor,
    private readonly links: MediaLinks,
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
        return valid(await this.forms.read(endpoint, form, this.readingTerms(request)));
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
    return valid(readTranslatedWork(endpoint, text, this.readingTerms(request)));
  }

  /** A path of the workers' own. Its body is JSON, a form, or there is none. */
  serveStudio(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const call = studioCallOf(request);
    const terms = this.readingTerms(request);
    if (call.method === 'POST' && request.body instanceof Readable) {
      apiTokenOf(request);
      return this.forms.receive(request, (form) =>
        this.serve(request, reply, async () =>
          valid(readStudioForm(call, form, await this.forms.contentsOf(form), terms)),
        ),
      );
    }
    const text = call.method === 'POST' ? textOf(request.body) : '';
    return this.serve(request, reply, () =>
      valid(text === '' ? readStudioQuery(call, terms) : readStudioJson(call, text, terms)),
    );
  }

  readJson(request: FastifyRequest, endpoint: JsonEndpoint): Work {
    return valid(readJsonWork(endpoint, textOf(request.body), this.readingTerms(request)));
  }

  async serve(
    request: FastifyRequest,
    reply: FastifyReply,
    read: () => Work | Promise<Work>,
    { idHeaders, rememberAs, take }: ServeOptions = {},
  ): Promise<FastifyReply> {
    const requestId = newRequestId();
    request.id = requestId;
    const caller = callerOf(request);
    const key = idempotencyKeyOf(request);
    if (this.running.count >= this.limits.requestsMax) throw faults.OVERLOADED();
    this.running.count += 1;
    try {
      const buyer = new HttpBuyer(reply.raw, requestId, idHeaders);
      const work = await read();
      const call: Call = {
        requestId,
        ...caller,
        work,
        ...(rememberAs && { remember: rememberAs(requestId) }),
        ...(mayNameFiles(work) && {
          turnFor: (candidate) => this.links.turnFor(makerOf(candidate), originOf(request)),
        }),
        ...(take && { take: (answer) => take(answer, work) }),
      };
      await this.inference.run(call, key, buyer);
    } finally {
      this.running.count -= 1;
    }
    return reply.hijack();
  }

  readingTerms(request: FastifyRequest): ReadingTerms {
    const signalLimits = this.limits.signals;
    return { place: placeOf(request), sessionHeader: sessionOf(request), signalLimits };
  }
}

/** What is made of words alone lies nowhere else, and models talk of addresses. */
function mayNameFiles({ request }: Work): boolean {
  return request.output !== undefined || request.isAnyForm === true;
}

/** What was read, unless it is what is wrong with it. */
export function valid(work: Work | RequestProblem): Work {
  if ('code' in work) throw invalidBody(work);
  return work;
}
