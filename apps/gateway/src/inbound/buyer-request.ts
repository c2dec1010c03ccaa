import { randomUUID } from 'node:crypto';
import { Idempotency, RequestFacts } from '@aisbf/contracts';
import { readJsonBody } from '@aisbf/openai';
import { bearerOf } from '@aisbf/platform';
import { parseSecretToken } from '@aisbf/secrets';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { type BuyerPlace, placeOfWord } from '../domain/buyer-place.js';
import { faults } from '../domain/faults.js';
import { requestFault } from '../domain/request-fault.js';
import type { Asking } from '../services/buyer-files.js';

/** What the door's addresses hold. */
export type Params = { username?: string; place?: string; '*'?: string };

export function newRequestId(): string {
  return `req_${randomUUID().replaceAll('-', '')}`;
}

/** The buyer's own name for this request, under which it runs once however often it is sent. */
export function idempotencyKeyOf(request: FastifyRequest): string | undefined {
  const header = request.headers['idempotency-key'];
  if (header === undefined) return undefined;
  const key = Idempotency.shape.key.safeParse(header);
  if (!key.success) throw faults.IDEMPOTENCY_KEY_INVALID({ param: 'Idempotency-Key' });
  return key.data;
}

/** The buyer's own name for a conversation. */
export function sessionOf(request: FastifyRequest): string | undefined {
  const header = request.headers['x-session-id'];
  if (header === undefined || header === '') return undefined;
  const name = RequestFacts.shape.stickyKey.safeParse(header);
  if (name.success) return name.data;
  const param = 'x-session-id';
  throw invalidBody({
    code: 'invalid_type',
    message: `'${param}': ${name.error.issues[0]?.message}.`,
    param,
  });
}

export function usernameOf(request: FastifyRequest): string | null {
  return (request.params as Params).username ?? null;
}

/** Who asks, and from where. */
export function callerOf(request: FastifyRequest): Asking {
  const pathUsername = usernameOf(request);
  return { apiToken: apiTokenOf(request), pathUsername, clientAddress: request.ip };
}

/** Where a request has come in. */
export function placeOf(request: FastifyRequest): BuyerPlace {
  const place = placeOfWord((request.params as Params).place);
  if (!place) throw faults.ENDPOINT_MISSING();
  return place;
}

/** As OpenAI's clients send it, or as Anthropic's do. Refuses what cannot be a token at all before anybody is asked. */
export function apiTokenOf(request: FastifyRequest): string {
  const { authorization, 'x-api-key': apiKey } = request.headers;
  if (authorization === undefined && apiKey === undefined) throw faults.API_TOKEN_MISSING();
  return goodToken(authorization === undefined ? String(apiKey) : (bearerOf(authorization) ?? ''));
}

/** The same, where a browser may have put it: its WebSockets have no headers, so that it stands among the subprotocols. */
export function socketTokenOf(request: FastifyRequest): string {
  const named = protocolsOf(request).find((protocol) => protocol.startsWith(tokenProtocol));
  return named === undefined ? apiTokenOf(request) : goodToken(named.slice(tokenProtocol.length));
}

const tokenProtocol = 'openai-insecure-api-key.';

export function protocolsOf({ headers }: FastifyRequest): readonly string[] {
  return (headers['sec-websocket-protocol'] ?? '').split(',').map((protocol) => protocol.trim());
}

function goodToken(apiToken: string): string {
  if (parseSecretToken(apiToken)?.prefix !== 'aisbf') throw faults.API_TOKEN_INVALID();
  return apiToken;
}

/** The query of an address, or the first mistake in it. */
export function readQuery<Schema extends z.ZodType>(
  schema: Schema,
  { query }: FastifyRequest,
): z.infer<Schema> {
  return checked(schema, query);
}

export const invalidBody = requestFault;

/** A body of JSON, or the first mistake in it. */
export function readJsonRequest<Schema extends z.ZodType>(
  schema: Schema,
  { body }: FastifyRequest,
): z.infer<Schema> {
  const json = readJsonBody(textOf(body));
  if ('problem' in json) throw invalidBody(json.problem);
  return checked(schema, json.body);
}

function checked<Schema extends z.ZodType>(schema: Schema, value: unknown): z.infer<Schema> {
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const param = issue?.path.map(String).join('.') || null;
  throw invalidBody({ code: 'invalid_value', message: `'${param}': ${issue?.message}.`, param });
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

export function textOf(body: unknown): string {
  if (!(body instanceof Uint8Array)) return '';
  try {
    return utf8.decode(body);
  } catch (error) {
    const problem = { code: 'invalid_json', message: 'The body is not UTF-8.', param: null };
    throw invalidBody(problem, { cause: error });
  }
}

/** Where the buyer has called us, as far as proxies that are trusted say. */
export function originOf({ protocol, host }: FastifyRequest): string {
  return /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i.test(host) ? `${protocol}://${host}` : '';
}
