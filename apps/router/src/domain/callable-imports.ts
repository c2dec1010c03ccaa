import {
  allowedName,
  factsOf,
  type Line,
  medians,
  offeredModels,
  type PaceOf,
} from './callable-models.js';
import { globalUsername, ownedName } from './catalogue.js';
import { importOffer, isAboveImport } from './import-offer.js';
import { toPricesText } from './prices-text.js';
import { importRouteOf } from './route-name.js';
import type { RouteScope } from './scope.js';
import { isModelAllowed } from './token-rules.js';

/** One's own imports and the operator's that lead to something which serves at the moment, at a price that they take. */
export function callableImports(scope: RouteScope, paceOf: PaceOf): readonly Line[] {
  const { catalogue, buyer, sessionsOf } = scope;
  return catalogue.imports.flatMap((found) => {
    const offer = importOffer(found, scope);
    if (!offer || offer.isPaused || isAboveImport(offer)) return [];
    const { provider, model, prices } = offer;
    const offered = offeredModels(provider, sessionsOf);
    const own = catalogue.importByOwnedName.get(ownedName(buyer.ownerId, found.name));
    const isShort = own ? own.id === found.id : found.username === globalUsername;
    const short = isShort ? `import/${found.name}` : undefined;
    const id = allowedName(short, importRouteOf(found), buyer.rules);
    if (id === undefined || !offered.has(model) || !isModelAllowed(model, buyer.rules)) return [];
    const told = offered.get(model);
    return {
      id,
      ownedBy: provider.username,
      createdAtS: Math.floor(found.createdAtMs / 1000),
      prices: toPricesText(prices),
      ...(told && factsOf(told)),
      ...medians(paceOf(provider.id, model)),
    };
  });
}
