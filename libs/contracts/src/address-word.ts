import { endpointPaths } from './endpoint.js';
import { restRoutes } from './openapi.js';

/** Below `/api` these mean a rotation or an autoselect, as they do in front of a route. */
const familyOfWord: ReadonlyMap<string, 'rotation' | 'autoselect'> = new Map([
  ['rotation', 'rotation'],
  ['rotations', 'rotation'],
  ['autoselect', 'autoselect'],
  ['autoselections', 'autoselect'],
]);

/** Words that stand for something of the market's own now, or that clients of others look for below `/api`. */
const keptWords = [
  ...familyOfWord.keys(),
  ...['import', 'imports', 'market', 'provider', 'autoselects', 'accounts', 'auth', 'broker'],
  ...['api', 'v1', 'v2', 'u', 'admin', 'internal'],
  ...['healthz', 'readyz', 'health', 'metrics', 'docs', 'openapi', 'mcp', 'ws', 'wss'],
  // Of the APIs that ours are like.
  ...[
    'pipelines',
    'media',
    'realtime',
    'files',
    'uploads',
    'batches',
    'assistants',
    'threads',
    'fine_tuning',
  ],
  ...['vector_stores', 'containers', 'evals', 'conversations', 'embed'],
  // Ollama's.
  ...['generate', 'show', 'ps', 'pull', 'push', 'create', 'copy', 'delete', 'blobs'],
];

/** The first word of an address behind all that may stand in front of it. */
const inFront = /^\/(?:api\/u\/\{username\}\/|api\/|v1\/)?/;

function wordOf(path: string): string {
  return path.replace(inFront, '').split('/', 1)[0] ?? '';
}

const words: ReadonlySet<string> = new Set([
  ...keptWords,
  ...Object.values(endpointPaths).map((path) => wordOf(path)),
  ...restRoutes.map(({ path }) => wordOf(path)),
]);

/**
 * Whether an address has this word where it may have a provider's name (`/api/{provider}/…`, `/api/u/{username}/…`). No
 * provider can be made under it.
 */
export function isAddressWord(name: string): boolean {
  return words.has(name);
}

/** Whether below this word a model is the name of a rotation, or of an autoselect. */
export function familyOfAddressWord(word: string): 'rotation' | 'autoselect' | undefined {
  return familyOfWord.get(word);
}
