import { createHash } from 'node:crypto';
import { endpointPaths, StudioPath } from '@aisbf/contracts';
import { TextPrompt } from '@aisbf/metering';
import {
  type JsonBody,
  modelProblem,
  type RequestProblem,
  type StudioOutput,
  studioDialect,
  studioProblem,
  toStudioQuestion,
  toStudioRequest,
} from '@aisbf/openai';
import { fieldsAt } from './buyer-place.js';
import type { Form } from './form.js';
import { type FormContents, readFormWork } from './form-work.js';
import { type JsonEndpoint, type ReadingTerms, readJsonWork } from './json-work.js';
import { readRouteWishes } from './route-wishes.js';
import type { Work, WorkAddress } from './work.js';

/** A call of a path that is the workers' own. */
export type StudioCall = Readonly<{
  method: WorkAddress['method'];
  path: string;
  query: URLSearchParams;
  accept: string;
}>;

/** The areas of the workers' own paths, and what is made there. Their files are served by other means. */
export const studioAreas: ReadonlyMap<string, StudioOutput> = new Map([
  ['images', 'image'],
  ['audio', 'audio'],
  ['video', 'video'],
  ['videos', 'video'],
  ['pipelines', 'unknown'],
]);

const openAiPaths: ReadonlySet<string> = new Set(
  Object.values(endpointPaths).map((path) => `/v1${path}`),
);

/** Whether a path, as it was sent, may be one of the workers' own. */
export function isStudioPath(path: string): boolean {
  const [, , area = ''] = path.split('/');
  return studioAreas.has(area) && !openAiPaths.has(path) && StudioPath.safeParse(path).success;
}

export function readStudioJson(
  call: StudioCall,
  text: string,
  terms: ReadingTerms,
): Work | RequestProblem {
  const work = readJsonWork(endpointOf(call), text, terms);
  return 'code' in work ? work : addressed(work, call);
}

export function readStudioForm(
  call: StudioCall,
  form: Form,
  contents: FormContents,
  terms: ReadingTerms,
): Work | RequestProblem {
  const { dialect, ...endpoint } = endpointOf(call);
  const work = readFormWork({ ...endpoint, dialectFor: () => dialect }, form, contents, terms);
  return 'code' in work ? work : addressed(work, call);
}

/** A call without a body names its model in the query. */
export function readStudioQuery(
  call: StudioCall,
  { place, sessionHeader, signalLimits }: ReadingTerms,
): Work | RequestProblem {
  const written: JsonBody = Object.fromEntries(call.query);
  if (call.query.getAll('model').length > 1) {
    return { code: 'invalid_type', message: "'model' must be given once.", param: 'model' };
  }
  const wishes = modelProblem(written) ?? readRouteWishes(sessionOf(written), sessionHeader);
  if ('code' in wishes) return wishes;
  const body = fieldsAt(place, written);
  const isStream = /\btext\/event-stream\b/i.test(call.accept);
  const work: Work = {
    endpoint: 'studio',
    request: toStudioQuestion(body, isStream),
    wishes,
    prompt: new TextPrompt([]),
    given: {},
    inputs: [],
    hasTools: false,
    bodyBytes: call.query.toString().length,
    hash: () => createHash('sha256').digest('hex'),
    bodyFor: () => undefined,
    dialect: studioDialect,
    signalLimits,
  };
  return addressed(work, call);
}

/** Of the wishes that fit into a query, this is the one that matters: it leads back to the same worker. */
function sessionOf({ session_id: sessionId }: JsonBody): JsonBody {
  return sessionId === undefined ? {} : { session_id: sessionId };
}

function endpointOf({ path }: StudioCall): JsonEndpoint<'studio'> {
  const output = studioAreas.get(path.split('/')[2] ?? '') ?? 'unknown';
  return {
    name: 'studio',
    problemOf: (body) => studioProblem(body, output),
    toRequest: (body) => toStudioRequest(body, output),
    promptOf: ({ prompt, input, text }) =>
      new TextPrompt([prompt, input, text].filter((one) => typeof one === 'string')),
    dialect: studioDialect,
  };
}

function addressed(work: Work, { method, path, query, accept }: StudioCall): Work {
  const targetFor = (model: string): string => {
    const sent = new URLSearchParams(query);
    for (const name of work.wishes.ownMembers) sent.delete(name);
    if (sent.has('model')) sent.set('model', model);
    const search = sent.toString();
    return path.slice('/v1'.length) + (search === '' ? '' : `?${search}`);
  };
  return {
    ...work,
    hash: () =>
      createHash('sha256')
        .update(`${method} ${path}?${query.toString()}\n${work.request.model}\n`)
        .update(work.hash())
        .digest('hex'),
    address: { method, path, targetFor, accept },
  };
}
