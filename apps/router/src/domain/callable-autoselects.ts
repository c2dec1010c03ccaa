import { builtInAutoselects } from './built-in-autoselects.js';
import { allowedName, type Line } from './callable-models.js';
import { type Autoselect, globalUsername, labelOf, ownedName } from './catalogue.js';
import { isAutoselectOpenTo } from './resolve.js';
import { qualifiedAutoselectRoute } from './route-name.js';
import type { RouteScope } from './scope.js';

/** An autoselect by the shortest name under which the token may call it. */
export type NamedAutoselect = Readonly<{ id: string; autoselect: Autoselect }>;

/** Those that are open to the buyer, and the built-in ones; what each leads to depends on the request. */
export function namedAutoselects(scope: RouteScope): readonly NamedAutoselect[] {
  const { catalogue, buyer } = scope;
  const isBuiltIn = ({ name }: Autoselect) =>
    !catalogue.autoselectByLabel.has(labelOf({ username: globalUsername, name }));
  const open = catalogue.autoselects.filter((autoselect) => isAutoselectOpenTo(autoselect, scope));
  return [...open, ...[...builtInAutoselects.values()].filter(isBuiltIn)].flatMap((autoselect) => {
    const { name, username } = autoselect;
    const own = catalogue.autoselectByOwnedName.get(ownedName(buyer.ownerId, name));
    const isShort = own ? own === autoselect : username === globalUsername;
    const short = isShort ? `autoselect/${name}` : undefined;
    const id = allowedName(short, qualifiedAutoselectRoute(username, name), buyer.rules);
    return id === undefined ? [] : [{ id, autoselect }];
  });
}

export function callableAutoselects(scope: RouteScope): readonly Line[] {
  return namedAutoselects(scope).map(({ id, autoselect: { username, createdAtMs } }) => ({
    ...{ id, ownedBy: username, createdAtS: Math.floor(createdAtMs / 1000) },
    prices: null,
  }));
}
