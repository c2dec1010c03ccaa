import { z } from 'zod';

/** The endpoints that a request can be routed by, and where each stands below `/v1`. */
export const endpointPaths = {
  'chat.completions': '/chat/completions',
  completions: '/completions',
  responses: '/responses',
  messages: '/messages',
  embeddings: '/embeddings',
  moderations: '/moderations',
  rerank: '/rerank',
  'images.generations': '/images/generations',
  'images.edits': '/images/edits',
  'images.variations': '/images/variations',
  'audio.speech': '/audio/speech',
  'audio.transcriptions': '/audio/transcriptions',
  'audio.translations': '/audio/translations',
  'video.generations': '/video/generations',
  videos: '/videos',
  realtime: '/realtime',
} as const satisfies Record<string, `/${string}`>;

export const endpointNames = Object.keys(endpointPaths) as (keyof typeof endpointPaths)[];
export const OpenAiEndpoint = z.enum(endpointNames);
export type OpenAiEndpoint = z.infer<typeof OpenAiEndpoint>;

/** `studio`: a path of the workers' own, which a request names beside it. */
export const EndpointName = z.enum([...endpointNames, 'studio']);
export type EndpointName = z.infer<typeof EndpointName>;

/** What nearly everybody serves, and all were asked for before anything else was served. */
export const chatEndpoint = 'chat.completions' satisfies OpenAiEndpoint;

/** A path below `/v1` that can be read in one way only. */
export const StudioPath = z
  .string()
  .max(128)
  .regex(/^\/v1(?:\/(?!\.+(?:\/|$))[\w.~@-]+){1,8}$/);
export type StudioPath = z.infer<typeof StudioPath>;

/** By which endpoint an upstream may be asked in an endpoint's stead: the gateway says the same in its words. */
const endpointSubstitutes: Readonly<Partial<Record<OpenAiEndpoint, OpenAiEndpoint>>> = {
  responses: 'chat.completions',
  messages: 'chat.completions',
  completions: 'chat.completions',
};

/** Whether a request by this endpoint may be said by another one. */
export function hasSubstitute(endpoint: EndpointName): boolean {
  return endpoint in endpointSubstitutes;
}

/** As old as chat: engines that do not say what they serve have it. */
const oldAsChat: ReadonlySet<OpenAiEndpoint> = new Set(['completions']);

/** What only few have, and nothing can be said in its stead: whoever does not say that it serves them is not asked. */
const onlyWhereNamed: ReadonlySet<OpenAiEndpoint> = new Set(['realtime']);

/**
 * By which endpoint somebody is asked who serves these; undefined where it can be by none. Who does not say what it
 * serves (null) is asked as it came, but for what most engines lack. Not all that can be said by one endpoint can be said by
 * its substitute.
 */
export function endpointAskedBy(
  wanted: OpenAiEndpoint,
  isServed: ((endpoint: OpenAiEndpoint) => boolean) | null,
  isAsItCame = false,
): OpenAiEndpoint | undefined {
  const substitute = isAsItCame ? undefined : endpointSubstitutes[wanted];
  if (isServed === null) {
    if (onlyWhereNamed.has(wanted)) return undefined;
    return oldAsChat.has(wanted) ? wanted : (substitute ?? wanted);
  }
  return [wanted, substitute].find((one) => one !== undefined && isServed(one));
}

/**
 * What a model must be able to give for an endpoint, in the words of a model's facts. Any of them will do; of an endpoint
 * that is not here nothing is known.
 */
export const endpointOutputs: Readonly<Partial<Record<EndpointName, readonly string[]>>> = {
  'chat.completions': ['text'],
  completions: ['text'],
  responses: ['text'],
  messages: ['text'],
  embeddings: ['embedding'],
  moderations: ['score', 'text'],
  rerank: ['score'],
  'images.generations': ['image'],
  'images.edits': ['image'],
  'images.variations': ['image'],
  'audio.speech': ['audio'],
  'audio.transcriptions': ['text'],
  'audio.translations': ['text'],
  'video.generations': ['video'],
  videos: ['video'],
  realtime: ['text', 'audio'],
};
