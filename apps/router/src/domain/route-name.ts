/**
 * What a buyer writes as `model`, taken apart.
 *
 * - `provider`: `P/M`; whose P is meant is found by its name (own, then global, then the market)
 * - `rotation`: `rotation/N`; own, then global
 * - with an owner: `{owner}/provider/P/M` and `{owner}/rotation/N` say whose
 * - `unsupported`: a form with a meaning of its own that is not served
 * - `unknown`: nothing that could be a route
 */
export type RouteName =
  | Readonly<{ kind: 'provider'; owner: string | null; provider: string; model: string }>
  | Readonly<{ kind: 'rotation'; owner: string | null; rotation: string }>
  | Readonly<{ kind: 'unsupported'; form: string }>
  | Readonly<{ kind: 'unknown' }>;

/** First words of routes; a provider of such a name could never be called by its short route. */
const unsupportedForms = [
  'rotations',
  'autoselect',
  'autoselections',
  'user-provider',
  'user-rotation',
  'user-autoselect',
] as const;
const reservedNames: ReadonlySet<string> = new Set(['rotation', ...unsupportedForms]);

/** Whether routes give this word a meaning of their own. */
export function isReservedName(name: string): boolean {
  return reservedNames.has(name);
}

/** Takes a route apart. Model names may hold slashes; the names before them may not. */
export function parseRoute(text: string): RouteName {
  const [first, second, third, ...rest] = text.split('/');
  if (!first || second === undefined) return { kind: 'unknown' };
  if (first === 'rotation') {
    return second && third === undefined
      ? { kind: 'rotation', owner: null, rotation: second }
      : { kind: 'unknown' };
  }
  if (isReservedName(first)) return { kind: 'unsupported', form: first };
  if (second === 'provider' && third && rest.length > 0) {
    return named(first, third, rest.join('/'));
  }
  if (second === 'rotation' && third && rest.length === 0) {
    return { kind: 'rotation', owner: first, rotation: third };
  }
  if (second === 'autoselect' && third && rest.length === 0) {
    return { kind: 'unsupported', form: 'autoselect' };
  }
  return named(null, first, text.slice(first.length + 1));
}

function named(owner: string | null, provider: string, model: string): RouteName {
  return model === '' ? { kind: 'unknown' } : { kind: 'provider', owner, provider, model };
}

/** The route that names a provider's model without leaving room for doubt. */
export function qualifiedProviderRoute(owner: string, provider: string, model: string): string {
  return `${owner}/provider/${provider}/${model}`;
}

export function qualifiedRotationRoute(owner: string, rotation: string): string {
  return `${owner}/rotation/${rotation}`;
}
