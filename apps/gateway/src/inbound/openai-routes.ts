import { endpointPaths, RequestId } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isAt, routeAt } from '../domain/buyer-place.js';
import { faults } from '../domain/faults.js';
import { formEndpoints } from '../domain/form-endpoints.js';
import { chatEndpoint, jsonEndpoints } from '../domain/json-endpoints.js';
import { translatedEndpoints } from '../domain/translated-endpoints.js';
import type { Work } from '../domain/work.js';
import { Admission } from '../services/admission.js';
import { Settlements } from '../services/settlements.js';
import { buyerPrefixes } from './buyer-paths.js';
import { callerOf, type Params, placeOf } from './buyer-request.js';
import { Explanations } from './explanations.js';
import { InferenceDoor } from './inference-door.js';
import { toModel } from './model-answer.js';
import { Refusals } from './refusals.js';
import { addRouteLists } from './route-lists.js';
import { StudioRoutes } from './studio-routes.js';

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
    private readonly studio: StudioRoutes,
    private readonly admission: Admission,
    private readonly settlements: Settlements,
    private readonly explanations: Explanations,
    private readonly refusals: Refusals,
  ) {}

  /** With the routes of other APIs beside OpenAI's oldest. */
  addTo(fastify: FastifyInstance, others: readonly RouteSet[]): void {
    this.open(fastify, buyerPrefixes, (scope) => {
      this.addRoutes(scope);
      for (const other of others) other.addTo(scope);
      scope.all('/*', (request, reply) =>
        this.refusals.tell(request, reply, faults.ENDPOINT_MISSING()),
      );
    });
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
      placeOf(request);
      done();
    });
    scope.setErrorHandler((error, request, reply) => this.refusals.tell(request, reply, error));
  }

  private addRoutes(scope: FastifyInstance): void {
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
      this.studio.addTo(forms);
      done();
    });
    scope.post('/route/explain', (request, reply) => this.explain(request, reply));
    scope.get('/models', (request, reply) => this.listModels(request, reply));
    scope.get('/models/*', (request, reply) => this.showModel(request, reply));
    addRouteLists(scope, (request) =>
      this.admission.routes({ type: 'list-routes', ...callerOf(request) }),
    );
    scope.get('/generation', (request, reply) => this.showReceipt(request, reply));
  }

  /** Who would serve, and who would not, a request to the endpoint that is named. */
  private async explain(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const work = this.readWork(request);
    return reply.send(await this.explanations.explain(request, work));
  }

  private readWork(request: FastifyRequest): Work {
    const { endpoint: name = chatEndpoint.name } = request.query as Query;
    const plain = jsonEndpoints.find((one) => one.name === name);
    if (plain) return this.door.readJson(request, plain);
    const translated = translatedEndpoints.find((one) => one.name === name);
    if (translated) return this.door.readTranslated(request, translated);
    throw faults.ENDPOINT_MISSING({ param: 'endpoint' });
  }

  private async listModels(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    return reply.send({ object: 'list', data: await this.modelsFor(request) });
  }

  private async showModel(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const wanted = routeAt(placeOf(request), (request.params as Params)['*'] ?? '');
    const model = (await this.modelsFor(request)).find(({ id }) => id === wanted);
    if (!model) throw faults.MODEL_MISSING();
    return reply.send(model);
  }

  private async modelsFor(request: FastifyRequest) {
    const place = placeOf(request);
    const question = { type: 'list-models', ...callerOf(request) } as const;
    const { models } = await this.admission.models(question);
    return models.filter(({ id }) => isAt(place, id)).map(toModel);
  }

  private async showReceipt(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const caller = callerOf(request);
    const id = RequestId.safeParse((request.query as Query).id);
    if (!id.success) throw faults.GENERATION_ID_INVALID({ param: 'id' });
    const question = { ...caller, requestId: id.data };
    return reply.send({ data: await this.settlements.receipt(question) });
  }
}

/** What every answer says of itself, also one that nobody had to be asked for. */
function nameRequest(request: FastifyRequest, reply: FastifyReply): void {
  if (!reply.hasHeader('x-request-id')) reply.header('x-request-id', request.id);
  if (!reply.hasHeader('x-aisbf-attempts')) reply.header('x-aisbf-attempts', '0');
}
