import { isUtf8 } from 'node:buffer';
import { internalHeaders } from '@aisbf/contracts';
import type { Fault } from '@aisbf/faults';
import { faultOf } from '@aisbf/platform';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { askedModel } from '../domain/asked-model.js';
import { brokerFaults } from '../domain/broker-faults.js';
import { workerEndpoint } from '../domain/worker-call-path.js';
import type { Session } from '../services/session.js';
import type { Sessions } from '../services/sessions.js';
import type { CallRequest } from '../services/worker-call.js';
import { HttpReply } from './http-reply.js';

type UpstreamRequest = FastifyRequest<{ Params: { sessionId: string; '*': string } }>;

/**
 * Each worker as a streaming HTTP upstream. The hot path: no Nest, and the body is never parsed, so that
 * every field of it reaches the worker untouched.
 */
export function addSessionUpstream(fastify: FastifyInstance, sessions: Sessions): void {
  void fastify.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, parsed) =>
      parsed(null, body),
    );
    scope.setErrorHandler((thrown, _request, reply) => {
      void reply.hijack();
      new HttpReply(reply.raw).fail(faultOf(thrown) ?? brokerFaults.SESSION_GONE());
    });
    scope.all('/internal/v1/sessions/:sessionId/*', (request: UpstreamRequest, reply) =>
      forward(sessions, request, reply),
    );
    done();
  });
}

function forward(sessions: Sessions, request: UpstreamRequest, reply: FastifyReply): void {
  void reply.hijack();
  const sink = new HttpReply(reply.raw);
  const opened = openRequest(sessions, request);
  if ('fault' in opened) {
    sink.fail(opened.fault);
    return;
  }
  const call = opened.session.call(opened.call, sink);
  // Also comes after a proper end, when there is nothing left to abandon.
  reply.raw.on('close', () => call?.abandon());
}

type OpenedRequest = { readonly session: Session; readonly call: CallRequest };

function openRequest(
  sessions: Sessions,
  request: UpstreamRequest,
): OpenedRequest | { readonly fault: Fault } {
  const { sessionId, '*': rest } = request.params;
  const path = `/${rest}`;
  const endpoint = workerEndpoint(request.method, path);
  if (!endpoint) return { fault: brokerFaults.ENDPOINT_UNKNOWN() };
  const session = sessions.find(sessionId);
  const epoch = request.headers[internalHeaders.sessionEpoch];
  if (!session || (epoch !== undefined && epoch !== String(session.epoch))) {
    return { fault: brokerFaults.SESSION_GONE() };
  }
  const payload = request.body;
  if (!Buffer.isBuffer(payload) || !isObjectText(payload)) {
    return { fault: brokerFaults.BODY_INVALID() };
  }
  return {
    session,
    call: {
      requestId: request.id,
      op: endpoint.op,
      method: request.method,
      path,
      payload,
      isStream: request.headers[internalHeaders.isStream] === '1',
      buyer: buyerOf(request),
      model: askedModel(payload),
      isLastCandidate: request.headers[internalHeaders.isLastCandidate] === '1',
    },
  };
}

/** Who names no buyer shares one place in the queue with all that do not. */
function buyerOf(request: UpstreamRequest): string {
  const buyer = request.headers[internalHeaders.buyer];
  return typeof buyer === 'string' ? buyer.slice(0, buyerLengthMax) : '';
}

/** A hash in base64 or hex. */
const buyerLengthMax = 128;

const openingBrace = 0x7b;
const closingBrace = 0x7d;

/**
 * The gateway has parsed it; this only makes sure that one request's body cannot break the frame that it
 * becomes part of, and with it the worker's connection.
 */
function isObjectText(body: Buffer): boolean {
  return body[0] === openingBrace && body[body.length - 1] === closingBrace && isUtf8(body);
}
