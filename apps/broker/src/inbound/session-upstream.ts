import type { IncomingMessage } from 'node:http';
import { internalHeaders } from '@aisbf/contracts';
import type { Fault } from '@aisbf/faults';
import { faultOf } from '@aisbf/platform';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { brokerFaults } from '../domain/broker-faults.js';
import { workerEndpoint } from '../domain/worker-call-path.js';
import type { CallRequest } from '../services/call-request.js';
import type { Session } from '../services/session.js';
import type { Sessions } from '../services/sessions.js';
import { HttpReply } from './http-reply.js';
import { readWholeBody } from './whole-body.js';
import { toWorkerRequest } from './worker-request.js';

type UpstreamRequest = FastifyRequest<{ Params: { sessionId: string } }>;

/** What the requests are for, and which of their headers workers get to see. */
export type SessionUpstream = Readonly<{ sessions: Sessions; headersPassed: readonly string[] }>;

/**
 * Each worker as a streaming HTTP upstream. The hot path: no Nest, and the body is never parsed, so that
 * every field of it reaches the worker untouched.
 */
export function addSessionUpstream(fastify: FastifyInstance, upstream: SessionUpstream): void {
  void fastify.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', ({ routeOptions }: FastifyRequest, body: IncomingMessage) =>
      readWholeBody(body, routeOptions.bodyLimit),
    );
    scope.setErrorHandler((thrown, _request, reply) => {
      void reply.hijack();
      new HttpReply(reply.raw).fail(faultOf(thrown) ?? brokerFaults.SESSION_GONE());
    });
    scope.all('/internal/v1/sessions/:sessionId/*', (request: UpstreamRequest, reply) =>
      forward(upstream, request, reply),
    );
    done();
  });
}

function forward(upstream: SessionUpstream, request: UpstreamRequest, reply: FastifyReply): void {
  void reply.hijack();
  const sink = new HttpReply(reply.raw);
  const opened = openRequest(upstream, request);
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
  { sessions, headersPassed }: SessionUpstream,
  request: UpstreamRequest,
): OpenedRequest | { readonly fault: Fault } {
  const { method, headers, body } = request;
  // Not the router's wildcard: that has been decoded.
  const [, path = '', search = ''] = ownUrl.exec(request.raw.url ?? '') ?? [];
  const endpoint = workerEndpoint(method, path);
  if (!endpoint) return { fault: brokerFaults.ENDPOINT_UNKNOWN() };
  const session = sessions.find(request.params.sessionId);
  const epoch = headers[internalHeaders.sessionEpoch];
  if (!session || (epoch !== undefined && epoch !== String(session.epoch))) {
    return { fault: brokerFaults.SESSION_GONE() };
  }
  const bytes = Buffer.isBuffer(body) ? body : undefined;
  const work = toWorkerRequest({ endpoint, method, search, headers, headersPassed, body: bytes });
  if (!work) return { fault: brokerFaults.BODY_INVALID() };
  return {
    session,
    call: {
      ...work,
      // A token or so says little of how fast buyers are served.
      model: headers[internalHeaders.isProbe] === '1' ? undefined : work.model,
      op: endpoint.op,
      path,
      method,
      requestId: request.id,
      isStream: headers[internalHeaders.isStream] === '1',
      buyer: buyerOf(request),
      isLastCandidate: headers[internalHeaders.isLastCandidate] === '1',
      givesWay: headers[internalHeaders.givesWay] === '1',
    },
  };
}

/** What follows the session in the URL: the endpoint's own path, and its query. */
const ownUrl = /^\/internal\/v1\/sessions\/[^/?]+(\/[^?]*)(\?.*)?$/;

/** Who names no buyer shares one place in the queue with all that do not. */
function buyerOf(request: UpstreamRequest): string {
  const buyer = request.headers[internalHeaders.buyer];
  return typeof buyer === 'string' ? buyer.slice(0, buyerLengthMax) : '';
}

/** A hash in base64 or hex. */
const buyerLengthMax = 128;
