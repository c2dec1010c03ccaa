import type { Fault } from '@aisbf/faults';
import type { OpenAiError } from '@aisbf/openai';
import { Log, Metrics } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AnswerNotKept } from '../services/idempotent-inference.js';
import { errorAnswer } from './openai-error.js';

/** An error as another API tells it. */
export type ErrorForm = (
  body: OpenAiError,
  requestId: string,
  status: number,
) => Readonly<{ status: number; body: object }>;

const asItIs: ErrorForm = (body, _requestId, status) => ({ status, body });

/** Tells buyers what went wrong, and counts it. */
@Injectable()
export class Refusals {
  private readonly answers;

  constructor(
    private readonly log: Log,
    metrics: Metrics,
  ) {
    this.answers = metrics.counter('refusals_total', 'Errors told to buyers, by code.', ['code']);
  }

  tell(
    request: FastifyRequest,
    reply: FastifyReply,
    thrown: unknown,
    inForm: ErrorForm = asItIs,
  ): FastifyReply {
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
    const told = inForm(body, request.id, status);
    return reply
      .status(told.status)
      .headers({ ...headers, 'x-aisbf-attempts': attemptsOf(fault) })
      .send(fault instanceof AnswerNotKept ? replayed(reply, told.body, fault) : told.body);
  }
}

/** In place of an answer that is not at hand: what it was, and what it cost. */
function replayed(reply: FastifyReply, body: object, { receipt }: AnswerNotKept) {
  reply.header('idempotent-replayed', 'true').header('x-request-id', receipt.id);
  return { ...body, receipt };
}

function attemptsOf(fault: Fault | undefined): string {
  const { attempts } = fault?.details ?? {};
  return typeof attempts === 'number' ? String(attempts) : '0';
}
