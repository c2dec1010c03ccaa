import type { TokenRules } from '@aisbf/contracts';

/** A name, or the beginning of one and a star. */
export function matches(name: string, pattern: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

function isIn(name: string, patterns: readonly string[]): boolean {
  return patterns.length === 0 || patterns.some((pattern) => matches(name, pattern));
}

/** Whether a token may call a route, by the name that the buyer writes. */
export function isRouteAllowed(route: string, rules: TokenRules | undefined): boolean {
  return !rules || isIn(route, rules.routes);
}

/** Whether a token may be served by a model, by the name that its provider has for it. */
export function isModelAllowed(model: string, rules: TokenRules | undefined): boolean {
  return !rules || isIn(model, rules.models);
}
