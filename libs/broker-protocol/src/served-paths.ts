import { type JsonObject, toObject } from './json-value.js';

const chatPath = '/v1/chat/completions';
/** The areas of OpenAI's API and of the studio, beside chat. A worker's other paths are its owner's. */
export const proxiedAreas: ReadonlySet<string> = new Set([
  'audio',
  'completions',
  'embeddings',
  'files',
  'images',
  'messages',
  'moderations',
  'pipelines',
  'rerank',
  'responses',
  'video',
  'videos',
]);
/** Flags of `openai_compat` that stand for a path. */
const pathOfFlag: ReadonlyMap<string, string> = new Map([
  ['chat_completions', chatPath],
  ['completions', '/v1/completions'],
  ['embeddings', '/v1/embeddings'],
  ['responses', '/v1/responses'],
  ['messages', '/v1/messages'],
  ['moderations', '/v1/moderations'],
  ['images', '/v1/images/generations'],
  ['images_generations', '/v1/images/generations'],
  ['audio_speech', '/v1/audio/speech'],
  ['audio_transcriptions', '/v1/audio/transcriptions'],
]);
/** The studio has some fifty. */
const pathsMax = 64;
const pathLengthMax = 128;
const segment = /^(?:[\w.~@-]+|\{\w+\})$/;

/**
 * The paths that capabilities speak of; null where they speak of none. Chat is among them unless it is
 * denied: the studio's lists name what there is beside it.
 */
export function readServedPaths(capabilities: JsonObject): readonly string[] | null {
  const flags = toObject(capabilities.openai_compat);
  const studio = toObject(capabilities.studio) ?? {};
  const named = [
    ...namesIn(studio.endpoints ?? capabilities.endpoints),
    ...namesIn(studio.endpoint_capabilities),
  ].flatMap((name) => servedPath(name) ?? []);
  const flagged = [...pathOfFlag].flatMap(([flag, path]) => (flags?.[flag] === true ? [path] : []));
  const isDenied = flags?.chat_completions === false;
  if (named.length + flagged.length === 0 && !isDenied) return null;
  return merged([...(isDenied ? [] : [chatPath]), ...flagged, ...named]);
}

/** All that a worker says that it serves, at registration and in its capabilities; null where it does not say. */
export function servedPaths(
  ofCapabilities: readonly string[] | null,
  studioEndpoints: readonly string[],
): readonly string[] | null {
  const named = studioEndpoints.flatMap((name) => servedPath(name) ?? []);
  if (ofCapabilities === null && named.length === 0) return null;
  return merged([...(ofCapabilities ?? [chatPath]), ...named]);
}

/** `v1/images/generations`, `/v1/images/generations` and `images.generations` are the same. */
function servedPath(name: string): string | undefined {
  if (name.length > pathLengthMax) return undefined;
  const isDotted = /^[a-z_]+(?:\.[a-z_]+)+$/.test(name);
  const segments = (isDotted ? name.replaceAll('.', '/') : name).replace(/^\//, '').split('/');
  const below = segments[0] === 'v1' ? segments.slice(1) : segments;
  const area = below[0] ?? '';
  const isKnown = area === 'chat' || proxiedAreas.has(area);
  const isClean = below.every((part) => segment.test(part) && !/^\.+$/.test(part));
  const path = `/v1/${below.join('/')}`;
  return isKnown && isClean && path.length <= pathLengthMax ? path : undefined;
}

/** A list of names or of objects that hold one, or an object whose keys are the names. */
function namesIn(value: unknown): readonly string[] {
  if (!Array.isArray(value)) {
    const entries = Object.entries(toObject(value) ?? {}).slice(0, pathsMax);
    return entries.flatMap(([name, holds]) => (holds ? [name] : []));
  }
  return value.slice(0, pathsMax).flatMap((item) => {
    const object = toObject(item);
    const name = object ? (object.path ?? object.endpoint ?? object.name) : item;
    return typeof name === 'string' ? [name] : [];
  });
}

function merged(paths: readonly string[]): readonly string[] {
  return [...new Set(paths)].slice(0, pathsMax);
}
