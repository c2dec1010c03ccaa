import { endpointPaths } from '@aisbf/contracts';
import { wrongType } from '@aisbf/openai';
import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { faults } from '../domain/faults.js';
import { itemPage } from '../domain/response-input.js';
import { responsesEndpoint } from '../domain/translated-endpoints.js';
import { StoredResponses } from '../services/stored-responses.js';
import { callerOf, invalidBody, textOf } from './buyer-request.js';
import { InferenceDoor } from './inference-door.js';

const PageQuery = z.looseObject({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  order: z.enum(['asc', 'desc']).default('desc'),
  after: z.string().max(256).optional(),
});

const path = endpointPaths.responses;

/** OpenAI's Responses: made like any answer, and kept for those that build on them. */
@Injectable()
export class ResponseRoutes {
  constructor(
    private readonly door: InferenceDoor,
    private readonly stored: StoredResponses,
  ) {}

  addTo(scope: FastifyInstance): void {
    scope.post(path, (request, reply) => this.create(request, reply));
    scope.get(`${path}/:id`, (request, reply) => this.show(request, reply));
    scope.delete(`${path}/:id`, (request, reply) => this.remove(request, reply));
    scope.post(`${path}/:id/cancel`, (request) => this.cancel(request));
    scope.get(`${path}/:id/input_items`, (request, reply) => this.listInput(request, reply));
  }

  private async create(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { text, rememberAs } = await this.stored.build(callerOf(request), textOf(request.body));
    return this.door.serveTranslated(request, reply, responsesEndpoint, { text, rememberAs });
  }

  private async show(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { stream } = request.query as { stream?: string };
    if (stream === 'true') throw invalidBody(wrongType('stream', 'false: its events are not kept'));
    const { response } = await this.stored.get(callerOf(request), idOf(request));
    return reply.send(response);
  }

  private async remove(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const id = idOf(request);
    await this.stored.forget(callerOf(request), id);
    return reply.send({ id, object: 'response', deleted: true });
  }

  /** None runs in the background, so there is none to be stopped. */
  private async cancel(request: FastifyRequest): Promise<never> {
    await this.stored.get(callerOf(request), idOf(request));
    throw faults.RESPONSE_NOT_CANCELLABLE();
  }

  private async listInput(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const query = PageQuery.safeParse(request.query);
    if (!query.success) {
      const [issue] = query.error.issues;
      const param = String(issue?.path[0] ?? 'limit');
      throw invalidBody({ code: 'invalid_type', message: `'${param}': ${issue?.message}.`, param });
    }
    const { limit, order, after } = query.data;
    const id = idOf(request);
    const { input } = await this.stored.get(callerOf(request), id);
    return reply.send(itemPage(input, id, { limit, order, after }));
  }
}

function idOf(request: FastifyRequest): string {
  return String((request.params as { id?: string }).id);
}
