import { isAddressWord } from '@aisbf/contracts';

/** Whose provider or rotation is meant: found by the order of names, the buyer's own only, or that user's. */
export type Whose = 'nearest' | 'own' | Readonly<{ username: string }>;

/**
 * What a buyer writes as `model`, taken apart.
 *
 * - `provider`: `P/M`; whose P is meant is found by its name (own, then global, then the market)
 * - `rotation` (also `rotations/N`), `autoselect` (also `autoselections/N`) and `import` (also `imports/N`): own, then global
 * - `user-provider/P/M`, `user-rotation/N`, `user-autoselect/N`, `user-import/N`: own and nobody else's
 * - `{owner}/provider/P/M`, `{owner}/rotation/N`, `{owner}/autoselect/N`, `{owner}/import/N` say whose
 * - `model`: one word; the import of that name, or whoever is the only one to offer such a model to this buyer
 * - `unknown`: nothing that could be a route
 */
export type RouteName =
  | Readonly<{ kind: 'provider'; whose: Whose; provider: string; model: string }>
  | Readonly<{ kind: 'rotation'; whose: Whose; name: string }>
  | Readonly<{ kind: 'autoselect'; whose: Whose; name: string }>
  | Readonly<{ kind: 'import'; whose: Whose; name: string }>
  | Readonly<{ kind: 'model'; model: string }>
  | Readonly<{ kind: 'unknown' }>;

/** What a suffix asks for: the fastest first (`:nitro`), or the cheapest (`:floor`). */
export type RouteSort = 'throughput' | 'price';

type NamedKind = 'rotation' | 'autoselect' | 'import';
type FirstWord = Readonly<{ kind: NamedKind | 'provider'; whose: 'nearest' | 'own' }>;

/** First words of routes; a provider of such a name could never be called by its short route. */
const firstWords: ReadonlyMap<string, FirstWord> = new Map([
  ['rotation', { kind: 'rotation', whose: 'nearest' }],
  ['rotations', { kind: 'rotation', whose: 'nearest' }],
  ['autoselect', { kind: 'autoselect', whose: 'nearest' }],
  ['autoselections', { kind: 'autoselect', whose: 'nearest' }],
  ['import', { kind: 'import', whose: 'nearest' }],
  ['imports', { kind: 'import', whose: 'nearest' }],
  ['user-provider', { kind: 'provider', whose: 'own' }],
  ['user-rotation', { kind: 'rotation', whose: 'own' }],
  ['user-autoselect', { kind: 'autoselect', whose: 'own' }],
  ['user-import', { kind: 'import', whose: 'own' }],
]);

/** Second words of routes that begin with an owner, and say what is named. */
const namedKinds: ReadonlyMap<string, NamedKind> = new Map([
  ['rotation', 'rotation'],
  ['autoselect', 'autoselect'],
  ['import', 'import'],
]);

const sortOfSuffix: ReadonlyMap<string, RouteSort> = new Map([
  [':nitro', 'throughput'],
  [':floor', 'price'],
]);

/** Whether routes or addresses give this word a meaning of their own. */
export function isReservedName(name: string): boolean {
  return firstWords.has(name) || isAddressWord(name);
}

/** Takes the suffix off a route. Any other colon is part of a model's name. */
export function splitSuffix(text: string): Readonly<{ route: string; sort?: RouteSort }> {
  for (const [suffix, sort] of sortOfSuffix) {
    if (text.endsWith(suffix)) return { route: text.slice(0, -suffix.length), sort };
  }
  return { route: text };
}

/** Takes a route apart. Model names may hold slashes; the names before them may not. */
export function parseRoute(text: string): RouteName {
  const [first, second, third, ...rest] = text.split('/');
  if (!first) return { kind: 'unknown' };
  if (second === undefined) return { kind: 'model', model: first };
  const word = firstWords.get(first);
  if (word?.kind === 'provider') return modelOf(word.whose, text.slice(first.length + 1));
  if (word) return third === undefined ? named(word.kind, word.whose, second) : { kind: 'unknown' };
  const whose = { username: first };
  if (second === 'provider' && third && rest.length > 0) {
    return modelOf(whose, text.slice(first.length + second.length + 2));
  }
  const kind = namedKinds.get(second);
  if (kind && third && rest.length === 0) return named(kind, whose, third);
  return modelOf('nearest', text);
}

function named(kind: NamedKind, whose: Whose, name: string): RouteName {
  return name === '' ? { kind: 'unknown' } : { kind, whose, name };
}

/** `P/M`. */
function modelOf(whose: Whose, text: string): RouteName {
  const at = text.indexOf('/');
  const [provider, model] = [text.slice(0, at), text.slice(at + 1)];
  const isWhole = at > 0 && model !== '';
  return isWhole ? { kind: 'provider', whose, provider, model } : { kind: 'unknown' };
}

/** The route that names a provider's model without leaving room for doubt. */
export function qualifiedProviderRoute(owner: string, provider: string, model: string): string {
  return `${owner}/provider/${provider}/${model}`;
}

export function qualifiedRotationRoute(owner: string, rotation: string): string {
  return `${owner}/rotation/${rotation}`;
}

export function qualifiedAutoselectRoute(owner: string, autoselect: string): string {
  return `${owner}/autoselect/${autoselect}`;
}

export function importRouteOf({
  username,
  name,
}: Readonly<{ username: string; name: string }>): string {
  return `${username}/import/${name}`;
}
