import assert from 'node:assert';
import type { EndpointName, OpenAiEndpoint, Units } from '@aisbf/contracts';
import { type Image, TextPrompt } from '@aisbf/metering';
import {
  type ApiRequest,
  type Dialect,
  type JsonBody,
  type PromptInput,
  type RequestProblem,
  wrongType,
} from '@aisbf/openai';
import { fieldsAt } from './buyer-place.js';
import { baseName, type Form, type FormPart, filesOf, formLength, writeForm } from './form.js';
import { hashOf, type ReadingTerms } from './json-work.js';
import { readRouteWishes } from './route-wishes.js';
import type { Work } from './work.js';

/** An endpoint whose requests are forms with files. */
export type FormEndpoint<Name extends EndpointName = OpenAiEndpoint> = Readonly<{
  name: Name;
  problemOf: (body: JsonBody) => RequestProblem | undefined;
  toRequest: (body: JsonBody) => ApiRequest;
  /** What its files are, where all of them are that. */
  input?: Extract<PromptInput, 'image' | 'audio'>;
  /** The field that must hold at least one of them, where one must. */
  fileField?: string;
  dialectFor: (body: JsonBody) => Dialect;
}>;

/** What a form's files count, found by looking into them. */
export type FormContents = Readonly<{
  /** Seconds of sound. */
  units: Units;
  /** Whoever makes something of them has them to read, as a model that chats has. */
  images: readonly Image[];
}>;

/** Reads a form, or says what is wrong with it. */
export function readFormWork(
  endpoint: FormEndpoint<EndpointName>,
  form: Form,
  { units: given, images }: FormContents,
  { place, sessionHeader, signalLimits }: ReadingTerms,
): Work | RequestProblem {
  const body = bodyOf(form);
  if ('code' in body) return body;
  const problem = endpoint.problemOf(body.fields) ?? fileProblem(endpoint, form);
  if (problem) return problem;
  const fields = fieldsAt(place, body.fields);
  const wishes = readRouteWishes(fields, sessionHeader);
  if ('code' in wishes) return wishes;
  const sent = form.parts.filter(({ name }) => !wishes.ownMembers.has(baseName(name)));
  const { boundary } = form;
  return {
    endpoint: endpoint.name,
    request: endpoint.toRequest(fields),
    wishes,
    prompt: new TextPrompt(typeof fields.prompt === 'string' ? [fields.prompt] : [], images),
    given,
    inputs: endpoint.input ? [endpoint.input] : [],
    hasTools: false,
    // Workers get files as base64, four characters for three bytes.
    bodyBytes: Math.ceil((formLength(sent, boundary) * 4) / 3),
    hash: () => {
      assert(form.digest !== undefined, 'what comes under a key is hashed while it comes');
      return hashOf(endpoint.name, [form.digest, ...routesAt(fields, body.fields)].join('\n'));
    },
    bodyFor: (model) => {
      const parts = sent.map((part) => withModel(part, model));
      return {
        contentType: `multipart/form-data; boundary=${boundary}`,
        length: formLength(parts, boundary),
        open: () => writeForm(parts, boundary),
      };
    },
    dialect: endpoint.dialectFor(body.fields),
    signalLimits,
  };
}

/** A form that is read otherwise than it is written is another one. */
function routesAt(fields: JsonBody, written: JsonBody): readonly string[] {
  return fields === written ? [] : [JSON.stringify([fields.model, fields.models])];
}

function withModel(part: FormPart, model: string): FormPart {
  return part.kind === 'field' && part.name === 'model' ? { ...part, value: model } : part;
}

function fileProblem(
  { fileField }: FormEndpoint<EndpointName>,
  form: Form,
): RequestProblem | undefined {
  if (fileField === undefined) return undefined;
  if (filesOf(form).some(({ name }) => baseName(name) === fileField)) return undefined;
  const message = `'${fileField}' must be a file.`;
  return { code: 'missing_required_parameter', message, param: fileField };
}

/** Members whose values are more than texts, in a form that has only texts. */
const structured: ReadonlySet<string> = new Set(['models', 'provider']);

/**
 * Members that the market reads, each a text and each once: whoever serves might take a file for one, or the other of two, for
 * what nobody was asked and no money was held for.
 */
const readOnce: ReadonlySet<string> = new Set([
  ...['model', 'models', 'provider', 'session_id', 'max_cost'],
  ...['prompt', 'n', 'size', 'seconds', 'duration', 'num_frames', 'fps', 'speed'],
  ...['stream', 'stream_format', 'response_format'],
]);

/** The form's fields as the members that they would be in JSON. */
function bodyOf({ parts }: Form): Readonly<{ fields: JsonBody }> | RequestProblem {
  const fields: Record<string, unknown> = Object.create(null);
  for (const part of parts) {
    const param = baseName(part.name);
    if (part.kind === 'file') {
      if (readOnce.has(param)) return wrongType(param, 'a text, not a file');
      continue;
    }
    const { name, value } = part;
    if (Object.hasOwn(fields, name) && readOnce.has(name)) return wrongType(name, 'given once');
    const read = structured.has(name) ? parsed(value) : plainValue(name, value);
    if (read === undefined) return wrongType(name, 'JSON');
    fields[name] = read;
  }
  return { fields };
}

function plainValue(name: string, value: string): unknown {
  if (name === 'stream') return value === 'true' ? true : value === 'false' ? false : value;
  const isNumber = name === 'n' || (name === 'max_cost' && !/^\d+$/.test(value));
  return isNumber && value.trim() !== '' ? Number(value) : value;
}

function parsed(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    // The caller says which field it is.
    return undefined;
  }
}
