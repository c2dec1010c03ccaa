import { endpointPaths, RequestId } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { faults } from '../domain/faults.js';
import { formEndpoints } from '../domain/form-endpoints.js';
import { chatEndpoint, jsonEndpoints } from '../domain/json-endpoints.js';
import { responsesEndpoint, translatedEndpoints } from '../domain/translated-endpoints.js';
import { Admission } from '../services/admission.js';
import { Settlements } from '../services/settlements.js';
import { apiTokenOf, type Params, usernameOf } from './buyer-request.js';
import { Explanations } from './explanations.js';
import { InferenceDoor } from './inference-door.js';
import { toModel } from './model-answer.js';
import { Refusals } from './refusals.js';

/** Where the buyers' API is served: the bare address, and a user's own. */
const prefixes = ['/v1', '/api/v1', '/api/u/:username', '/api/u/:username/v1'];

type Query = { id?: string; endpoint?: string };

/** Routes that are served below each of them. */
export type RouteSet = Readonly<{ addTo: (scope: FastifyInstance) => void }>;

/**
 * The buyers' door. Plain Fastify routes: this is the path that every request takes, and a stream is
 * written by hand anyway.
 */
@Injectable()
export class OpenAiRoutes {
  constructor(
    private readonly door: InferenceDoor,
    private readonly admission: Admission,
    private readonly settlements: Settlements,
    private readonly explanations: Explanations,
    private readonly refusals: Refusals,
  ) {}

  /** With the routes of other APIs beside OpenAI's oldest. */
  addTo(fastify: FastifyInstance, others: readonly RouteSet[]): void {
    for (const prefix of prefixes) {
      fastify.register(
        (scope, _options, done) => {
          this.addRoutes(scope);
          for (const other of others) other.addTo(scope);
          scope.all('/*', (request, reply) =>
            this.refusals.tell(request, reply, faults.ENDPOINT_MISSING()),
          );
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
    scope.setErrorHandler((error, request, reply) => this.refusals.tell(request, reply, error));
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
      for (const endpoint of formEndpoints) {
        forms.post(endpointPaths[endpoint.name], (request, reply) =>
          this.door.serveForm(request, reply, endpoint),
        );
      }
      done();
    });
    scope.post('/route/explain', (request, reply) => this.explain(request, reply));
    scope.get('/models', (request, reply) => this.listModels(request, reply));
    scope.get('/models/*', (request, reply) => this.showModel(request, reply));
    scope.get('/generation', (request, reply) => this.showReceipt(request, reply));
  }

  /** Who would serve, and who would not, a request to the endpoint that is named. */
  private async explain(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { endpoint: name = chatEndpoint.name } = request.query as Query;
    const translated = translatedEndpoints.find((one) => one.name === name);
    const plain = jsonEndpoints.find((one) => one.name === name);
    if (!translated && !plain) throw faults.ENDPOINT_MISSING({ param: 'endpoint' });
    const work = plain
      ? this.door.readJson(request, plain)
      : this.door.readTranslated(request, translated ?? responsesEndpoint);
    return reply.send(await this.explanations.explain(request, work));
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
}

/** What every answer says of itself, also one that nobody had to be asked for. */
function nameRequest(request: FastifyRequest, reply: FastifyReply): void {
  if (!reply.hasHeader('x-request-id')) reply.header('x-request-id', request.id);
  if (!reply.hasHeader('x-aisbf-attempts')) reply.header('x-aisbf-attempts', '0');
}
