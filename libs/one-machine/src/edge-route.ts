/** The services that have a door to the outside. */
export type EdgeTarget = 'gateway' | 'broker' | 'accounts' | 'router';

/** Where a request goes, or why it goes nowhere. */
export type EdgeRoute = Readonly<
  | { name: 'forward'; target: EdgeTarget }
  | { name: 'index' }
  | { name: 'missing' }
  | { name: 'refused' }
>;

/**
 * The public origin, from the most special to the most general. What is not listed here does not exist
 * from outside: `/internal`, `/metrics` and the health checks among it.
 */
const routes: readonly (readonly [pattern: RegExp, target: EdgeTarget])[] = [
  [/^\/api\/coderai(\/|$)/, 'broker'],
  [/^\/api\/u\/[^/]+\/coderai(\/|$)/, 'broker'],
  [/^\/api\/u\/[^/]+\/./, 'gateway'],
  [/^\/(api\/)?v1(\/|$)/, 'gateway'],
  [/^\/openapi\.json$/, 'gateway'],
  [/^\/api\/account(s?)(\/|$)/, 'accounts'],
  [/^\/api\/catalog(\/|$)/, 'router'],
  // What asks for an Ollama.
  [/^\/api\/(tags|version)$/, 'gateway'],
  // The addresses of providers, rotations and autoselects.
  [/^\/api\/(?!u\/)[^/]+\/./, 'gateway'],
];

/** Names of models contain slashes, which the official clients write as %2F. */
const modelPath =
  /^\/(?:v1|api\/u\/[^/%]+(?:\/(?!coderai\/)[^/%]+)?(?:\/v1)?|api\/(?!(?:accounts?|catalog|coderai|u)\/)[^/%]+(?:\/v1)?)\/models\//;
const encodedSlash = /%2f/gi;
/** A separator or end of a string in disguise, twice-encoded bytes, or half an escape. */
const disguise = /%(?:2f|5c|00|25|3b|(?![0-9a-f]{2}))|[\\;#]|\/\//i;

/**
 * Decides by the request's target as it came over the wire. A path that two parsers could read differently
 * is refused, not mended: what is forwarded is exactly what was looked at.
 */
export function edgeRoute(requestTarget: string): EdgeRoute {
  const path = requestTarget.split('?', 1)[0] ?? '';
  if (!path.startsWith('/')) return { name: 'refused' };
  const name = modelPath.test(path) ? path.replace(encodedSlash, '/') : path;
  if (disguise.test(name) || hasDotSegment(name)) return { name: 'refused' };
  if (path === '/') return { name: 'index' };
  const found = routes.find(([pattern]) => pattern.test(path));
  return found === undefined ? { name: 'missing' } : { name: 'forward', target: found[1] };
}

/** Which services take a WebSocket at an address of theirs: workers' sockets, and sessions of buyers. */
const socketPaths: Readonly<Partial<Record<EdgeTarget, RegExp>>> = {
  broker: /^/,
  gateway: /\/realtime$/,
};

/** The same for a request that asks for a WebSocket. */
export function edgeSocketRoute(requestTarget: string): EdgeRoute {
  const route = edgeRoute(requestTarget);
  if (route.name !== 'forward') return route.name === 'index' ? { name: 'missing' } : route;
  const path = requestTarget.split('?', 1)[0] ?? '';
  return socketPaths[route.target]?.test(path) ? route : { name: 'missing' };
}

function hasDotSegment(path: string): boolean {
  const segments = path.replace(/%2e/gi, '.').split('/');
  return segments.some((segment) => segment === '.' || segment === '..');
}
