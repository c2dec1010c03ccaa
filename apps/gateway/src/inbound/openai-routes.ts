import { endpointPaths, RequestId } from '@aisbf/contracts';
import type { Fault } from '@aisbf/faults';
import { familyOf } from '@aisbf/metering';
import type { OpenAiError } from '@aisbf/openai';
import { Log, Metrics } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { faults } from '../domain/faults.js';
import { formEndpoints } from '../domain/form-endpoints.js';
import { chatEndpoint, jsonEndpoints } from '../domain/json-endpoints.js';
import { factsOf } from '../domain/work.js';
import { Admission } from '../services/admission.js';
import { AnswerNotKept } from '../services/idempotent-inference.js';
import { Settlements } from '../services/settlements.js';
import { BatchRoutes } from './batch-routes.js';
import { apiTokenOf, type Params, usernameOf } from './buyer-request.js';
import { FileRoutes } from './file-routes.js';
import { InferenceDoor } from './inference-door.js';
import { toModel } from './model-answer.js';
import { errorAnswer } from './openai-error.js';

/** Where the buyers' API is served: the bare address, and a user's own. */
const prefixes = ['/v1', '/api/v1', '/api/u/:username', '/api/u/:username/v1'];

type Query = { id?: string };

/**
 * The buyers' door. Plain Fastify routes: this is the path that every request takes, and a stream is
 * written by hand anyway.
 */
@Injectable()
export class OpenAiRoutes {
  private readonly answers;

  constructor(
    private readonly door: InferenceDoor,
    private readonly files: FileRoutes,
    private readonly batches: BatchRoutes,
    private readonly admission: Admission,
    private readonly settlements: Settlements,
    private readonly log: Log,
    metrics: Metrics,
  ) {
    this.answers = metrics.counter('refusals_total', 'Errors told to buyers, by code.', ['code']);
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
        this.door.serveJson(request, reply, endpoint),
      );
    }
    scope.register((forms, _options, done) => {
      // Forms are taken apart while they come.
      forms.addContentTypeParser('multipart/form-data', (_request, payload, parsed) =>
        parsed(null, payload),
      );
      this.files.addFormsTo(forms);
      for (const endpoint of formEndpoints) {
        forms.post(endpointPaths[endpoint.name], (request, reply) =>
          this.door.serveForm(request, reply, endpoint),
        );
      }
      done();
    });
    this.files.addTo(scope);
    this.batches.addTo(scope);
    scope.post('/route/explain', (request, reply) => this.explain(request, reply));
    scope.get('/models', (request, reply) => this.listModels(request, reply));
    scope.get('/models/*', (request, reply) => this.showModel(request, reply));
    scope.get('/generation', (request, reply) => this.showReceipt(request, reply));
    scope.all('/*', (request, reply) => this.refuse(request, reply, faults.ENDPOINT_MISSING()));
  }

  /** Who would serve, and who would not: nobody is called, and nothing is held. */
  private async explain(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const apiToken = apiTokenOf(request);
    const work = this.door.readJson(request, chatEndpoint);
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
