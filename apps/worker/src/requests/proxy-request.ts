import { memberText, type WorkerError } from '@aisbf/broker-protocol';
import { FormData } from 'undici';
import { z } from 'zod';
import { isHeaderValue, type UpstreamRequest } from '../upstream/upstream.js';

const Multipart = z.looseObject({
  fields: z.array(z.looseObject({ name: z.string(), value: z.string() })).nullish(),
  files: z
    .array(
      z.looseObject({
        name: z.string(),
        filename: z.string().nullish(),
        content_type: z.string().nullish(),
        data_base64: z.string(),
      }),
    )
    .nullish(),
});
type Multipart = z.infer<typeof Multipart>;

const ProxyPayload = z.looseObject({
  endpoint_path: z.string().max(2048),
  method: z.string().nullish(),
  headers: z.record(z.string(), z.unknown()).nullish(),
  query_params: z.record(z.string(), z.unknown()).nullish(),
  content_type: z.string().max(256).nullish(),
  body: z.unknown().optional(),
  body_base64: z.string().nullish(),
  multipart: Multipart.nullish(),
});
type ProxyPayload = z.infer<typeof ProxyPayload>;

export type ProxyRequest = Readonly<{
  request: UpstreamRequest;
  /** The model that the body names, where one can be seen. */
  model: string | undefined;
}>;

/** All that is passed on: the rest could carry what the engine must not hear, or be taken for ours. */
const headersPassed = ['accept', 'traceparent', 'x-request-id'];

/** Turns a `proxy` payload into a request to the engine, or says why it will not be made. */
export function readProxyRequest(
  payload: unknown,
  payloadText: string,
  paths: readonly string[],
): ProxyRequest | WorkerError {
  const parsed = ProxyPayload.safeParse(payload);
  if (!parsed.success) return invalid('The proxy payload is not in its form.');
  const path = enginePath(parsed.data.endpoint_path, paths);
  const method = (parsed.data.method ?? 'POST').toUpperCase();
  if (path === undefined || (method !== 'GET' && method !== 'POST')) {
    const message = 'This worker does not serve that endpoint.';
    return { code: 'unsupported_endpoint', message, status: 404 };
  }
  const query = queryText(parsed.data.query_params ?? {});
  const headers = passedHeaders(parsed.data);
  const base = { method, path: path + query, headers } as const;
  if (method === 'GET') return { request: base, model: undefined };
  const content = readContent(parsed.data, payloadText);
  if (content === undefined) return invalid('A body comes in exactly one form.');
  const type = content.contentType ?? parsed.data.content_type;
  if (type && !isHeaderValue(type)) return invalid('The content type is none.');
  // The boundary of a form is chosen by whoever writes it.
  if (type && !(content.body instanceof FormData)) headers['content-type'] = type;
  return { request: { ...base, body: content.body }, model: content.model };
}

/**
 * The path below `/v1/`, or undefined where it is not one that may be served. Anything that could be read
 * in two ways is refused: the engine might read it in the other.
 */
export function enginePath(endpointPath: string, allowed: readonly string[]): string | undefined {
  const path = endpointPath.replace(/^\//, '');
  const segments = path.split('/');
  const isClean = segments.every((part) => /^[\w.~:@-]+$/.test(part) && !/^\.+$/.test(part));
  const isAllowed = allowed.some((prefix) => path === prefix || path.startsWith(`${prefix}/`));
  return isClean && isAllowed && segments[0] === 'v1' ? segments.slice(1).join('/') : undefined;
}

type Content = Readonly<{
  body: string | Buffer | FormData;
  model: string | undefined;
  contentType?: string;
}>;

function readContent(payload: ProxyPayload, payloadText: string): Content | undefined {
  const { body, body_base64: base64, multipart } = payload;
  const forms = [body, base64, multipart].filter((form) => form !== undefined && form !== null);
  if (forms.length > 1) return undefined;
  if (multipart) return { body: toFormData(multipart), model: modelField(multipart) };
  if (typeof base64 === 'string') {
    const bytes = Buffer.from(base64, 'base64');
    return { body: bytes, model: modelOfJson(bytes, payload.content_type ?? '') };
  }
  if (body === undefined || body === null) return { body: '', model: undefined };
  const text = typeof body === 'string' ? body : (memberText(payloadText, 'body') ?? '');
  const model = typeof body === 'string' ? modelOfJson(body, 'application/json') : modelOf(body);
  return { body: text, model, contentType: payload.content_type ?? 'application/json' };
}

function toFormData({ fields, files }: Multipart): FormData {
  const form = new FormData();
  for (const { name, value } of fields ?? []) form.append(name, value);
  for (const file of files ?? []) {
    const type = file.content_type ?? 'application/octet-stream';
    const blob = new Blob([Buffer.from(file.data_base64, 'base64')], { type });
    form.append(file.name, blob, file.filename ?? 'upload');
  }
  return form;
}

function modelField({ fields }: Multipart): string | undefined {
  return fields?.find(({ name }) => name === 'model')?.value;
}

function modelOfJson(text: string | Buffer, contentType: string): string | undefined {
  if (!contentType.toLowerCase().includes('json')) return undefined;
  try {
    return modelOf(JSON.parse(text.toString()));
  } catch {
    // The engine will say in its own words that this is no JSON.
    return undefined;
  }
}

function modelOf(body: unknown): string | undefined {
  const isRecord = typeof body === 'object' && body !== null;
  return isRecord && 'model' in body && typeof body.model === 'string' ? body.model : undefined;
}

function queryText(params: Readonly<Record<string, unknown>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (['string', 'number', 'boolean'].includes(typeof item)) query.append(name, String(item));
    }
  }
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

function passedHeaders(payload: ProxyPayload): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const [name, value] of Object.entries(payload.headers ?? {})) {
    const lower = name.toLowerCase();
    if (headersPassed.includes(lower) && isHeaderValue(value)) passed[lower] = value;
  }
  return passed;
}

function invalid(message: string): WorkerError {
  return { code: 'invalid_request', message, status: 400 };
}
