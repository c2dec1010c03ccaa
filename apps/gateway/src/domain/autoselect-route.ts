/** As the router reads it, with any suffix: `autoselect/N`, `user-autoselect/N`, `{owner}/autoselect/N`. */
const autoselect = /^(?:(?:autoselect|autoselections|user-autoselect)\/|[^/]+\/autoselect\/)[^/]+$/;

/**
 * Whether a route is one that is selected by what is asked. Whatever this misses is selected without being
 * looked at, and so counts as private.
 */
export function isAutoselectRoute(route: string): boolean {
  return autoselect.test(route);
}
