import { memberText, type WorkerError, type WorkFrame } from '@aisbf/broker-protocol';
import { z } from 'zod';
import { type Assortment, isRestricted } from '../upstream/assortment.js';
import { isHeaderValue, type UpstreamRequest } from '../upstream/upstream.js';
import { type FormFile, WrittenForm } from '../upstream/written-form.js';
import { upstreamModel, withUpstreamModel } from './chosen-model.js';

/** The place of bytes that came beside the payload. */
const AttachmentIndex = z.int().min(0).nullish();

const Multipart = z.looseObject({
  fields: z.array(z.looseObject({ name: z.string(), value: z.string() })).nullish(),
  files: z
    .array(
      z.looseObject({
        name: z.string(),
        filename: z.string().nullish(),
        content_type: z.string().nullish(),
        data_base64: z.string().nullish(),
        data_attachment: AttachmentIndex,
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
  body_attachment: AttachmentIndex,
  multipart: Multipart.nullish(),
});
type ProxyPayload = z.infer<typeof ProxyPayload>;

/** All that is passed on: the rest could carry what the engine must not hear, or be taken for ours. */
const headersPassed = ['accept', 'range', 'traceparent', 'x-request-id'];

/** Turns a `proxy` request into one to the engine, or says why it will not be made. */
export function readProxyRequest(
  work: WorkFrame,
  paths: readonly string[],
  assortment: Assortment,
): UpstreamRequest | WorkerError {
  const parsed = ProxyPayload.safeParse(work.payload);
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
  if (method === 'GET') return base;
  const content = readContent(parsed.data, work, assortment);
  if ('code' in content) return content;
  const type = content.contentType ?? parsed.data.content_type;
  if (type && !isHeaderValue(type)) return invalid('The content type is none.');
  // The boundary of a form is chosen by whoever writes it.
  if (type && !(content.body instanceof WrittenForm)) headers['content-type'] = type;
  return { ...base, body: content.body };
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

type Content = Readonly<{ body: string | Buffer | WrittenForm; contentType?: string }>;

function readContent(
  payload: ProxyPayload,
  { payloadText, attachments }: WorkFrame,
  assortment: Assortment,
): Content | WorkerError {
  const { body, body_base64: base64, body_attachment: attached, multipart } = payload;
  const forms = [body, base64, attached, multipart].filter((form) => form != null);
  if (forms.length > 1) return invalid('A body comes in exactly one form.');
  if (multipart) return formContent(multipart, attachments, assortment);
  if (base64 != null || attached != null) {
    const bytes = bytesOf(base64, attached, attachments);
    if (!bytes) return invalid('The body is not among the attachments.');
    if (!isRestricted(assortment)) return { body: bytes };
    return textContent(bytes.toString('utf8'), payload.content_type, assortment);
  }
  const text = typeof body === 'string' ? body : (memberText(payloadText, 'body') ?? '');
  return textContent(text, payload.content_type ?? 'application/json', assortment);
}

/** In exactly one of the two forms; undefined where they are not there. */
function bytesOf(
  base64: string | null | undefined,
  attached: number | null | undefined,
  attachments: readonly Buffer[],
): Buffer | undefined {
  if (base64 != null) return attached == null ? Buffer.from(base64, 'base64') : undefined;
  return attached == null ? undefined : attachments[attached];
}

function textContent(
  text: string,
  contentType: string | null | undefined,
  assortment: Assortment,
): Content | WorkerError {
  const type = contentType ? { contentType } : {};
  if (!isRestricted(assortment)) return { body: text, ...type };
  const object = parseObject(text);
  if (object === undefined)
    return invalid('The body is no JSON object, so that it names no model.');
  const body = withUpstreamModel(object, text, assortment);
  return typeof body === 'string' ? { body, ...type } : body;
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    // Whoever asked for a body that can be judged says what that means.
    return undefined;
  }
}

function formContent(
  { fields, files }: Multipart,
  attachments: readonly Buffer[],
  assortment: Assortment,
): Content | WorkerError {
  const isModel = (name: string): boolean => name.toLowerCase() === 'model';
  const asked = fields?.find(({ name }) => isModel(name))?.value;
  // Where a file may not stand, some servers read it as the field's text.
  if (isRestricted(assortment) && files?.some(({ name }) => isModel(name))) {
    return invalid('A model is named by a field.');
  }
  const model = upstreamModel(asked, assortment);
  if (typeof model !== 'string') return model;
  const written = (fields ?? []).map(({ name, value }) => ({
    name,
    value: isModel(name) ? model : value,
  }));
  const attached: FormFile[] = [];
  for (const { name, filename, content_type: type, ...file } of files ?? []) {
    const bytes = bytesOf(file.data_base64, file.data_attachment, attachments);
    if (!bytes) return invalid('A file comes in exactly one form.');
    const contentType = type ?? 'application/octet-stream';
    attached.push({ name, filename: filename ?? 'upload', contentType, bytes });
  }
  return { body: new WrittenForm(written, attached) };
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
