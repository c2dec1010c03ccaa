import { randomUUID } from 'node:crypto';
import { endpointPaths, Idempotency, RequestFacts, RequestId } from '@aisbf/contracts';
import { Fault } from '@aisbf/faults';
import { familyOf } from '@aisbf/metering';
import type { OpenAiError, RequestProblem } from '@aisbf/openai';
import { bearerOf, Log, Metrics } from '@aisbf/platform';
import { parseSecretToken } from '@aisbf/secrets';
import type { SignalLimits } from '@aisbf/signals';
import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { faults } from '../domain/faults.js';
import { chatEndpoint, jsonEndpoints } from '../domain/json-endpoints.js';
import { type JsonEndpoint, readJsonWork } from '../domain/json-work.js';
import { responsesEndpoint } from '../domain/translated-endpoints.js';
import { readTranslatedWork, type TranslatedEndpoint } from '../domain/translated-work.js';
import { factsOf, type Work } from '../domain/work.js';
import { Admission } from '../services/admission.js';
import { AnswerNotKept, IdempotentInference } from '../services/idempotent-inference.js';
import type { Call } from '../services/inference.js';
import { Settlements } from '../services/settlements.js';
import { HttpBuyer } from './http-buyer.js';
import { toModel } from './model-answer.js';
import { errorAnswer } from './openai-error.js';

/** Where the buyers' API is served: the bare address, and a user's own. */
const prefixes = ['/v1', '/api/v1', '/api/u/:username', '/api/u/:username/v1'];

type Params = { username?: string; '*'?: string };
type Query = { id?: string };

export class DoorLimits {
  constructor(
    readonly requestsMax: number,
    readonly signals: SignalLimits,
  ) {}
}

/**
 * The buyers' door. Plain Fastify routes: this is the path that every request takes, and a stream is
 * written by hand anyway.
 */
@Injectable()
export class OpenAiRoutes {
  private running = 0;
  private readonly answers;

  constructor(
    private readonly inference: IdempotentInference,
    private readonly admission: Admission,
    private readonly settlements: Settlements,
    private readonly log: Log,
    private readonly limits: DoorLimits,
    metrics: Metrics,
  ) {
    this.answers = metrics.counter('refusals_total', 'Errors told to buyers, by code.', ['code']);
    metrics.gauge('requests_running', 'Requests in flight.', () => this.running);
  }

  addTo(fastify: FastifyInstance): void {
    for (const prefix of prefixes) {
      fastify.register(
        (scope, _options, done) => {
          this.addRoutes(scope);
          done();
        },
        { prefix },
      );
    }
  }

  private addRoutes(scope: FastifyInstance): void {
    // Bodies stay bytes: what a buyer sent is what an upstream gets.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) =>
      done(null, body),
    );
    scope.addHook('onSend', (request, reply, _payload, done) => {
      nameRequest(request, reply);
      done();
    });
    scope.setErrorHandler((error, request, reply) => this.refuse(request, reply, error));
    for (const endpoint of jsonEndpoints) {
      scope.post(endpointPaths[endpoint.name], (request, reply) =>
        this.serve(request, reply, () => this.readJson(request, endpoint)),
      );
    }
    scope.post(endpointPaths.responses, (request, reply) =>
      this.serve(request, reply, () => this.readTranslated(request, responsesEndpoint)),
    );
    scope.post('/route/explain', (request, reply) => this.explain(request, reply));
    scope.get('/models', (request, reply) => this.listModels(request, reply));
    scope.get('/models/*', (request, reply) => this.showModel(request, reply));
    scope.get('/generation', (request, reply) => this.showReceipt(request, reply));
    scope.all('/*', (request, reply) => this.refuse(request, reply, faults.ENDPOINT_MISSING()));
  }

  private async serve(
    request: FastifyRequest,
    reply: FastifyReply,
    read: () => Work,
  ): Promise<FastifyReply> {
    const requestId = newRequestId();
    request.id = requestId;
    const apiToken = apiTokenOf(request);
    const key = idempotencyKeyOf(request);
    if (this.running >= this.limits.requestsMax) throw faults.OVERLOADED();
    const work = read();
    this.running += 1;
    try {
      const buyer = new HttpBuyer(reply.raw, requestId);
      const call: Call = {
        requestId,
        apiToken,
        pathUsername: usernameOf(request),
        clientAddress: request.ip,
        work,
      };
      await this.inference.run(call, key, buyer);
    } finally {
      this.running -= 1;
    }
    return reply.hijack();
  }

  /** Who would serve, and who would not: nobody is called, and nothing is held. */
  private async explain(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const apiToken = apiTokenOf(request);
    const work = this.readJson(request, chatEndpoint);
    const explanation = await this.admission.explain({
      type: 'explain',
      seed: request.id,
      apiToken,
      pathUsername: usernameOf(request),
      clientAddress: request.ip,
      facts: factsOf(work, work.prompt.tokensFor(familyOf(work.request.model))),
    });
    return reply.send(explanation);
  }

  private readJson(request: FastifyRequest, endpoint: JsonEndpoint): Work {
    const work = readJsonWork(endpoint, textOf(request.body), {
      sessionHeader: sessionOf(request),
      signalLimits: this.limits.signals,
    });
    if ('code' in work) throw invalidBody(work);
    return work;
  }

  private readTranslated(request: FastifyRequest, endpoint: TranslatedEndpoint): Work {
    const work = readTranslatedWork(endpoint, textOf(request.body), {
      sessionHeader: sessionOf(request),
      signalLimits: this.limits.signals,
    });
    if ('code' in work) throw invalidBody(work);
    return work;
  }

  private async listModels(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    return reply.send({ object: 'list', data: await this.modelsFor(request) });
  }

  private async showModel(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const wanted = (request.params as Params)['*'];
    const model = (await this.modelsFor(request)).find(({ id }) => id === wanted);
    if (!model) throw faults.MODEL_MISSING();
    return reply.send(model);
  }

  private async modelsFor(request: FastifyRequest) {
    const { models } = await this.admission.models({
      type: 'list-models',
      apiToken: apiTokenOf(request),
      pathUsername: usernameOf(request),
      clientAddress: request.ip,
    });
    return models.map(toModel);
  }

  private async showReceipt(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const apiToken = apiTokenOf(request);
    const id = RequestId.safeParse((request.query as Query).id);
    if (!id.success) throw faults.GENERATION_ID_INVALID({ param: 'id' });
    const question = {
      ...{ apiToken, pathUsername: usernameOf(request), clientAddress: request.ip },
      requestId: id.data,
    };
    return reply.send({ data: await this.settlements.receipt(question) });
  }

  private refuse(request: FastifyRequest, reply: FastifyReply, thrown: unknown): FastifyReply {
    const { fault, status, headers, body } = errorAnswer(thrown);
    if (!fault) this.log.error({ requestId: request.id, error: thrown }, 'a bug');
    this.answers.inc({ code: body.error.code });
    if (reply.raw.headersSent) {
      // An answer has begun; what is left to say is that it is broken.
      reply.raw.destroy();
      return reply.hijack();
    }
    // Closed under a sender, a connection loses the answer too: the rest of a body is read and dropped.
    if (fault?.kind === 'oversized') reply.removeHeader('connection');
    return reply
      .status(status)
      .headers({ ...headers, 'x-aisbf-attempts': attemptsOf(fault) })
      .send(fault instanceof AnswerNotKept ? replayed(reply, body, fault) : body);
  }
}

/** In place of an answer that is not at hand: what it was, and what it cost. */
function replayed(reply: FastifyReply, body: OpenAiError, { receipt }: AnswerNotKept) {
  reply.header('idempotent-replayed', 'true').header('x-request-id', receipt.id);
  return { ...body, receipt };
}

/** What every answer says of itself, also one that nobody had to be asked for. */
function nameRequest(request: FastifyRequest, reply: FastifyReply): void {
  if (!reply.hasHeader('x-request-id')) reply.header('x-request-id', request.id);
  if (!reply.hasHeader('x-aisbf-attempts')) reply.header('x-aisbf-attempts', '0');
}

function attemptsOf(fault: Fault | undefined): string {
  const { attempts } = fault?.details ?? {};
  return typeof attempts === 'number' ? String(attempts) : '0';
}

function newRequestId(): string {
  return `req_${randomUUID().replaceAll('-', '')}`;
}

/** The buyer's own name for this request, under which it runs once however often it is sent. */
function idempotencyKeyOf(request: FastifyRequest): string | undefined {
  const header = request.headers['idempotency-key'];
  if (header === undefined) return undefined;
  const key = Idempotency.shape.key.safeParse(header);
  if (!key.success) throw faults.IDEMPOTENCY_KEY_INVALID({ param: 'Idempotency-Key' });
  return key.data;
}

/** The buyer's own name for a conversation. */
function sessionOf(request: FastifyRequest): string | undefined {
  const header = request.headers['x-session-id'];
  if (header === undefined || header === '') return undefined;
  const name = RequestFacts.shape.stickyKey.safeParse(header);
  if (name.success) return name.data;
  const param = 'x-session-id';
  throw invalidBody({
    code: 'invalid_type',
    message: `'${param}': ${name.error.issues[0]?.message}.`,
    param,
  });
}

function usernameOf(request: FastifyRequest): string | null {
  return (request.params as Params).username ?? null;
}

/** Refuses what cannot be a token at all before anybody is asked. */
function apiTokenOf(request: FastifyRequest): string {
  const { authorization } = request.headers;
  if (authorization === undefined) throw faults.API_TOKEN_MISSING();
  const apiToken = bearerOf(authorization) ?? '';
  if (parseSecretToken(apiToken)?.prefix !== 'aisbf') throw faults.API_TOKEN_INVALID();
  return apiToken;
}

function invalidBody(problem: RequestProblem, options?: ErrorOptions): Fault {
  const { code, message, param, isFeature } = problem;
  const details = { code, param };
  const kind = isFeature ? 'unsupported' : 'invalid';
  return new Fault({ code: 'REQUEST_BODY_INVALID', kind, message, details }, options);
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

function textOf(body: unknown): string {
  if (!(body instanceof Uint8Array)) return '';
  try {
    return utf8.decode(body);
  } catch (error) {
    const problem = { code: 'invalid_json', message: 'The body is not UTF-8.', param: null };
    throw invalidBody(problem, { cause: error });
  }
}
