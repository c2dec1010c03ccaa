import { anthropicRefusal } from '@aisbf/anthropic';
import { endpointPaths } from '@aisbf/contracts';
import { familyOf } from '@aisbf/metering';
import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { messagesEndpoint } from '../domain/translated-endpoints.js';
import { Explanations } from './explanations.js';
import { InferenceDoor } from './inference-door.js';
import { Refusals } from './refusals.js';

const idHeaders = ['x-request-id', 'request-id'];

/** To count a prompt it need not be said how long its answer may be. */
const countedEndpoint = {
  ...messagesEndpoint,
  problemOf: (body: Readonly<Record<string, unknown>>) =>
    messagesEndpoint.problemOf({ max_tokens: 1, ...body }),
};

/** Anthropic's API. */
@Injectable()
export class MessageRoutes {
  constructor(
    private readonly door: InferenceDoor,
    private readonly explanations: Explanations,
    private readonly refusals: Refusals,
  ) {}

  addTo(scope: FastifyInstance): void {
    scope.register((messages, _options, done) => {
      messages.addHook('onSend', (request, reply, _payload, sent) => {
        reply.header('request-id', request.id);
        sent();
      });
      messages.setErrorHandler((error, request, reply) =>
        this.refusals.tell(request, reply, error, anthropicRefusal),
      );
      messages.post(endpointPaths.messages, (request, reply) =>
        this.door.serveTranslated(request, reply, messagesEndpoint, { idHeaders }),
      );
      messages.post(`${endpointPaths.messages}/count_tokens`, (request, reply) =>
        this.countTokens(request, reply),
      );
      done();
    });
  }

  /** By the measure of whoever would be asked first. Nobody is called, and it costs nothing. */
  private async countTokens(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const work = this.door.readTranslated(request, countedEndpoint);
    const { candidates } = await this.explanations.explain(request, work);
    const model = candidates[0]?.model ?? work.request.model;
    return reply.send({ input_tokens: work.prompt.tokensFor(familyOf(model)) });
  }
}
