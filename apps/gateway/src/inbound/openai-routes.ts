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
import { isAt, routeAt } from '../domain/buyer-place.js';
import { faults } from '../domain/faults.js';
import { chatEndpoint, jsonEndpoints } from '../domain/json-endpoints.js';
import { type JsonEndpoint, readJsonWork } from '../domain/json-work.js';
import { factsOf, type Work } from '../domain/work.js';
import { Admission } from '../services/admission.js';
import { AnswerNotKept, IdempotentInference } from '../services/idempotent-inference.js';
import type { Call } from '../services/inference.js';
import { Settlements } from '../services/settlements.js';
import { type AddressParams, buyerPrefixes, placeAt } from './buyer-paths.js';
import { HttpBuyer } from './http-buyer.js';
import { toModel } from './model-answer.js';
import { errorAnswer } from './openai-error.js';
import { addRouteLists } from './route-lists.js';

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
    this.open(fastify, buyerPrefixes, (scope) => this.addRoutes(scope));
  }

  /** Serves further routes in the manner of this door. */
  open(
    fastify: FastifyInstance,
    prefixes: readonly string[],
    addRoutes: (scope: FastifyInstance) => void,
  ): void {
    for (const prefix of prefixes) {
      fastify.register(
        (scope, _options, done) => {
          this.addManners(scope);
          addRoutes(scope);
          done();
        },
        { prefix },
      );
    }
  }

  private addManners(scope: FastifyInstance): void {
    // Bodies stay bytes: what a buyer sent is what an upstream gets.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) =>
      done(null, body),
    );
    scope.addHook('onSend', (request, reply, _payload, done) => {
      nameRequest(request, reply);
      done();
    });
    scope.addHook('onRequest', (request, _reply, done) => {
      placeAt(request.params as AddressParams);
      done();
    });
    scope.setErrorHandler((error, request, reply) => this.refuse(request, reply, error));
  }

  private addRoutes(scope: FastifyInstance): void {
    for (const endpoint of jsonEndpoints) {
      scope.post(endpointPaths[endpoint.name], (request, reply) =>
        this.serve(request, reply, () => this.readJson(request, endpoint)),
      );
    }
    scope.post('/route/explain', (request, reply) => this.explain(request, reply));
    scope.get('/models', (request, reply) => this.listModels(request, reply));
    scope.get('/models/*', (request, reply) => this.showModel(request, reply));
    addRouteLists(scope, (request) =>
      this.admission.routes({ type: 'list-routes', ...callerOf(request) }),
    );
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
      place: placeAt(request.params as AddressParams),
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
    const params = request.params as AddressParams;
    const wanted = routeAt(placeAt(params), params['*'] ?? '');
    const model = (await this.modelsFor(request)).find(({ id }) => id === wanted);
    if (!model) throw faults.MODEL_MISSING();
    return reply.send(model);
  }

  private async modelsFor(request: FastifyRequest) {
    const place = placeAt(request.params as AddressParams);
    const question = { type: 'list-models', ...callerOf(request) } as const;
    const { models } = await this.admission.models(question);
    return models.filter(({ id }) => isAt(place, id)).map(toModel);
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
  return (request.params as AddressParams).username ?? null;
}

/** Who asks, and from where. */
export function callerOf(request: FastifyRequest) {
  const pathUsername = usernameOf(request);
  return { apiToken: apiTokenOf(request), pathUsername, clientAddress: request.ip };
}

/** Refuses what cannot be a token at all before anybody is asked. */
function apiTokenOf(request: FastifyRequest): string {
  const { authorization } = request.headers;
  if (authorization === undefined) throw faults.API_TOKEN_MISSING();
  const apiToken = bearerOf(authorization) ?? '';
  if (parseSecretToken(apiToken)?.prefix !== 'aisbf') throw faults.API_TOKEN_INVALID();
  return apiToken;
}

function invalidBody({ code, message, param }: RequestProblem, options?: ErrorOptions): Fault {
  const details = { code, param };
  return new Fault({ code: 'REQUEST_BODY_INVALID', kind: 'invalid', message, details }, options);
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
