import { type authRoutes as AuthRoutes, authRoutes, internalHeaders } from '@aisbf/contracts';
import { Fault, type FaultKind } from '@aisbf/faults';
import { Log, parse } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { faults } from '../domain/faults.js';
import { Authentication } from '../services/authentication.js';

type AuthRoute = (typeof AuthRoutes)[number];

/** Where the market is reached; the library makes its links and checks origins with it. */
export class PublicUrl {
  constructor(readonly value: string) {}
}

/** What a caller may say of itself to the library. Addresses are said by the door. */
const passedHeaders = ['cookie', 'origin', 'referer', 'user-agent', 'accept'] as const;
const fetchMetadata = /^sec-fetch-(site|mode|dest)$/;

/**
 * The door of the sign-in library: the routes of the contract and no others, each parsed before the library
 * sees it, its refusals in the words of the other management APIs. Plain Fastify, since the library speaks
 * of whole requests and answers.
 */
@Injectable()
export class AuthRoutesDoor {
  constructor(
    private readonly authentication: Authentication,
    private readonly publicUrl: PublicUrl,
    private readonly log: Log,
  ) {}

  addTo(fastify: FastifyInstance): void {
    for (const route of authRoutes) {
      fastify.route({
        method: route.method.toUpperCase(),
        url: route.path.replaceAll(/\{(\w+)\}/g, ':$1'),
        handler: (request, reply) => this.answer(route, request, reply),
      });
    }
  }

  private async answer(
    route: AuthRoute,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    const body = route.request ? parse(route.request, request.body ?? {}) : {};
    if (route.query) parse(route.query, request.query);
    const { response, acknowledgement } = await this.authentication.answer({
      operationId: route.operationId,
      body: z.record(z.string(), z.unknown()).parse(body),
      request: this.toRequest(route, request, body),
    });
    if (response.status >= 400) throw await refusalOf(response);
    for (const cookie of response.headers.getSetCookie()) reply.header('set-cookie', cookie);
    reply.header('cache-control', 'no-store');
    if (acknowledgement) {
      reply.header('x-aisbf-acknowledged', String(acknowledgement.isAcknowledged));
    }
    return this.send(route, response, reply);
  }

  private async send(
    { answer: { schema }, operationId }: AuthRoute,
    response: Response,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    const location = response.headers.get('location');
    if (response.status >= 300 && location !== null) {
      return reply.status(response.status).header('location', location).send();
    }
    const text = await response.text();
    const answer = schema?.safeParse(text === '' ? null : JSON.parse(text));
    if (!answer?.success) {
      this.log.error({ operationId, error: answer?.error }, 'a bug');
      throw faults.SIGN_IN_UNAVAILABLE();
    }
    // What the contract does not name stays here: tokens of sessions belong into cookies alone.
    return reply.status(200).send(answer.data === null ? 'null' : answer.data);
  }

  private toRequest(route: AuthRoute, request: FastifyRequest, body: unknown): Request {
    const headers = new Headers({ [internalHeaders.callerAddress]: request.ip });
    for (const [name, value] of Object.entries(request.headers)) {
      const isPassed = passedHeaders.some((passed) => passed === name) || fetchMetadata.test(name);
      if (isPassed && typeof value === 'string') headers.set(name, value);
    }
    const url = new URL(request.url, this.publicUrl.value);
    if (route.method === 'get') return new Request(url, { headers });
    headers.set('content-type', 'application/json');
    return new Request(url, { method: 'POST', headers, body: JSON.stringify(libraryBody(body)) });
  }
}

/** A user's one name is `name` to the library. */
function libraryBody(body: unknown): unknown {
  if (typeof body !== 'object' || body === null || !('username' in body)) return body;
  const { username, ...rest } = body;
  return { ...rest, name: username };
}

const kinds: Readonly<Record<number, FaultKind>> = {
  400: 'invalid',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'missing',
  409: 'conflict',
  422: 'conflict',
  429: 'throttled',
};

const Refusal = z.object({
  code: z.string().max(64).optional(),
  message: z.string().max(1_000).optional(),
});

/** The library's refusal as a fault; whatever it says of its own failures is for the log alone. */
async function refusalOf(response: Response): Promise<Fault> {
  const kind = kinds[response.status];
  const text = await response.text();
  if (!kind) return faults.SIGN_IN_UNAVAILABLE({}, { cause: new Error(text) });
  const said = Refusal.safeParse(jsonOf(text)).data ?? {};
  const waitS = Number(response.headers.get('x-retry-after') ?? Number.NaN);
  const fallback = kind === 'throttled' ? 'ATTEMPTS_TOO_MANY' : 'SIGN_IN_REFUSED';
  return new Fault({
    code: said.code ?? fallback,
    kind,
    message: said.message ?? 'This was refused.',
    details: Number.isFinite(waitS) ? { retryAfterMs: waitS * 1_000 } : {},
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: then it says nothing that a client could use.
    return undefined;
  }
}
