import { Fault, httpStatusByKind, isRetryable } from '@aisbf/faults';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { type Log } from './log.js';
import { platformFaults } from './platform-faults.js';

/** Where a fault asks for patience, in whole seconds for `Retry-After`. */
export function retryAfterSeconds(fault: Fault): number | undefined {
  const ms = fault.details.retryAfterMs;
  return typeof ms === 'number' ? Math.max(1, Math.ceil(ms / 1000)) : undefined;
}

/** Recognises what Fastify and Nest throw by themselves; undefined for a bug. */
export function faultOf(thrown: unknown): Fault | undefined {
  if (thrown instanceof Fault) return thrown;
  const status = statusOf(thrown);
  if (status === 404) return platformFaults.NOT_FOUND();
  if (status === 413) return platformFaults.BODY_TOO_LARGE();
  if (status !== undefined && status >= 400 && status < 500) {
    const reason = thrown instanceof Error ? thrown.message : '';
    return platformFaults.REQUEST_INVALID({ reason: reason.slice(0, 200) });
  }
  return undefined;
}

function statusOf(thrown: unknown): number | undefined {
  if (thrown instanceof HttpException) return thrown.getStatus();
  if (!(thrown instanceof Error) || !('statusCode' in thrown)) return undefined;
  return typeof thrown.statusCode === 'number' ? thrown.statusCode : undefined;
}

/**
 * The one translation of failures into HTTP: between our services a fault travels whole, outside it is an
 * error object. A bug says nothing of its cause to the caller and everything to the log.
 */
export function tellFault(
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  log: Log,
): void {
  const fault = faultOf(thrown);
  if (!fault) log.error({ error: thrown, requestId: request.id, path: pathOf(request) }, 'a bug');
  const status = fault ? httpStatusByKind[fault.kind] : 500;
  const seconds = fault && retryAfterSeconds(fault);
  if (seconds !== undefined) void reply.header('retry-after', String(seconds));
  void reply
    .header('x-should-retry', String(fault ? isRetryable(fault.kind) : false))
    .status(status)
    .send(request.url.startsWith('/internal/') ? internalBody(fault) : publicBody(fault));
}

/** The same where Nest answers. */
@Catch()
export class FaultFilter implements ExceptionFilter {
  constructor(private readonly log: Log) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    tellFault(
      thrown,
      http.getRequest<FastifyRequest>(),
      http.getResponse<FastifyReply>(),
      this.log,
    );
  }
}

const bugMessage = 'Something went wrong on our side.';

function internalBody(fault: Fault | undefined) {
  return {
    fault: fault?.toData() ?? {
      code: 'INTERNAL_ERROR',
      kind: 'unavailable',
      message: bugMessage,
      details: {},
    },
  };
}

function publicBody(fault: Fault | undefined) {
  return {
    error: {
      code: (fault?.code ?? 'INTERNAL_ERROR').toLowerCase(),
      message: fault?.message ?? bugMessage,
      details: fault?.details ?? {},
    },
  };
}

function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? '';
}
