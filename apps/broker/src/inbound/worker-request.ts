import { isUtf8 } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import {
  type FormPart,
  jsonPayload,
  type ProxyBody,
  proxyPayload,
  type WorkPayload,
} from '@aisbf/broker-protocol';
import { internalHeaders } from '@aisbf/contracts';
import { askedModel } from '../domain/asked-model.js';
import { boundaryOf, readForm } from '../domain/multipart-form.js';
import { passedHeaders } from '../domain/passed-headers.js';
import type { WorkerEndpoint } from '../domain/worker-call-path.js';

/** A gateway's request, as far as its worker gets to know of it. */
export type GatewayRequest = Readonly<{
  endpoint: WorkerEndpoint;
  method: string;
  search: string;
  headers: IncomingHttpHeaders;
  /** Headers that the operator lets through beside the usual ones. */
  headersPassed: readonly string[];
  /** Undefined where there is none. */
  body: Buffer | undefined;
}>;

export type WorkerRequest = Readonly<{ payload: WorkPayload; model: string | undefined }>;

/** Undefined where the body is not what it says that it is. */
export function toWorkerRequest(request: GatewayRequest): WorkerRequest | undefined {
  const { endpoint, body } = request;
  if (endpoint.op === 'proxy') return toProxyRequest(request);
  if (endpoint.op === 'models.list') return { payload: emptyPayload, model: undefined };
  return body && isObjectText(body)
    ? { payload: jsonPayload(body), model: askedModel(body) }
    : undefined;
}

const emptyPayload = jsonPayload(Buffer.from('{}'));

function toProxyRequest(request: GatewayRequest): WorkerRequest | undefined {
  const { endpoint, method, search, headers } = request;
  const contentType = method === 'GET' ? undefined : headers['content-type'];
  const body = bodyOf(request, contentType ?? '');
  if (!body) return undefined;
  const head = {
    path: endpoint.path,
    method,
    headers: headersFor(request, body),
    query: queryOf(search),
    isStream: headers[internalHeaders.isStream] === '1',
    contentType: body.type === 'form' ? 'multipart/form-data' : contentType,
  };
  return { payload: proxyPayload(head, body), model: modelOf(body) };
}

function bodyOf({ method, body }: GatewayRequest, contentType: string): ProxyBody | undefined {
  if (method === 'GET' || !body || body.length === 0) return { type: 'none' };
  if (/^multipart\//i.test(contentType)) {
    const boundary = boundaryOf(contentType);
    const parts = boundary === undefined ? undefined : readForm(body, boundary);
    return parts && { type: 'form', parts };
  }
  if (!/^application\/json\s*(;|$)/i.test(contentType)) return { type: 'bytes', bytes: body };
  return isObjectText(body) ? { type: 'json', text: body } : undefined;
}

function modelOf(body: ProxyBody): string | undefined {
  if (body.type === 'json') return askedModel(body.text);
  if (body.type !== 'form') return undefined;
  const isModel = ({ name, filename }: FormPart): boolean =>
    name === 'model' && filename === undefined;
  return body.parts.find(isModel)?.bytes.toString('utf8', 0, 256);
}

function headersFor({ headers, headersPassed }: GatewayRequest, body: ProxyBody) {
  const { 'content-type': contentType, ...others } = passedHeaders(headers, headersPassed);
  // The boundary of a form is chosen by whoever writes it.
  const isTyped = contentType !== undefined && body.type !== 'form' && body.type !== 'none';
  return isTyped ? { ...others, 'content-type': contentType } : others;
}

function queryOf(search: string): Record<string, string | readonly string[]> {
  const params = new URLSearchParams(search);
  const entries = [...new Set(params.keys())].map((name) => {
    const [first = '', ...more] = params.getAll(name);
    return [name, more.length > 0 ? [first, ...more] : first] as const;
  });
  return Object.fromEntries(entries);
}

const openingBrace = 0x7b;
const closingBrace = 0x7d;

/**
 * The gateway has parsed it; this only makes sure that one request's body cannot break the frame that it
 * becomes part of, and with it the worker's connection.
 */
function isObjectText(body: Buffer): boolean {
  return body[0] === openingBrace && body[body.length - 1] === closingBrace && isUtf8(body);
}
