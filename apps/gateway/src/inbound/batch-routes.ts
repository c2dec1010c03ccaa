import { randomUUID } from 'node:crypto';
import { CreateBatch, ListBatches } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { toBatch } from '../domain/batch-object.js';
import { toPage } from '../domain/file-object.js';
import { BuyerBatches } from '../services/buyer-batches.js';
import { callerOf, placeOf, readJsonRequest, readQuery } from './buyer-request.js';

type ById = Readonly<{ id: string }>;

/** What is not known in a query is somebody else's. */
const BatchQuery = z.object(ListBatches.shape);

/** OpenAI's batches. */
@Injectable()
export class BatchRoutes {
  constructor(private readonly batches: BuyerBatches) {}

  addTo(scope: FastifyInstance): void {
    scope.post('/batches', (request, reply) => this.create(request, reply));
    scope.get('/batches', (request, reply) => this.list(request, reply));
    scope.get('/batches/:id', (request, reply) => this.show(request, reply));
    scope.post('/batches/:id/cancel', (request, reply) => this.cancel(request, reply));
  }

  private async create(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const asking = { ...callerOf(request), place: placeOf(request) };
    const wanted = readJsonRequest(CreateBatch, request);
    const id = `batch_${randomUUID().replaceAll('-', '')}`;
    return reply.send(toBatch(await this.batches.create(asking, id, wanted)));
  }

  private async list(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const query = readQuery(BatchQuery, request);
    const { batches, hasMore } = await this.batches.list(callerOf(request), query);
    return reply.send(toPage(batches.map(toBatch), hasMore));
  }

  private async show(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    return reply.send(toBatch(await this.batches.find(callerOf(request), idOf(request))));
  }

  private async cancel(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    return reply.send(toBatch(await this.batches.cancel(callerOf(request), idOf(request))));
  }
}

function idOf(request: FastifyRequest): string {
  return (request.params as ById).id;
}
