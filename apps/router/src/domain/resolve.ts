import { globalUsername, labelOf, ownedName, type Provider, type Rotation } from './catalogue.js';
import { faults } from './faults.js';
import { type Offer, offerTo, type Scope, saleAt } from './offer.js';
import { parseRoute } from './route-name.js';
import { isModelAllowed, isRouteAllowed } from './token-rules.js';

/** One thing that may be asked, with its share where it is a member of a rotation. */
export type Member = Readonly<{ offer: Offer; weight: number }>;

/**
 * Finds what a route means for this buyer. What the buyer may not see counts as if it did not exist, so
 * that no answer tells of somebody else's private provider.
 */
export function resolveRoute(route: string, scope: Scope): readonly Member[] {
  const { rules } = scope.buyer;
  // Before anything is looked for: a token learns nothing of what it may not call.
  if (!isRouteAllowed(route, rules)) throw faults.ROUTE_NOT_ALLOWED();
  const allowed = membersOf(route, scope).filter(({ offer }) => isModelAllowed(offer.model, rules));
  if (allowed.length === 0) throw faults.ROUTE_NOT_ALLOWED();
  return allowed;
}

/** At least one. */
function membersOf(route: string, scope: Scope): readonly Member[] {
  const name = parseRoute(route);
  switch (name.kind) {
    case 'provider': {
      const offer =
        name.owner === null ? shortOffer(name, scope) : ownedOffer(name.owner, name, scope);
      if (!offer) throw faults.MODEL_NOT_FOUND();
      return [{ offer, weight: 1 }];
    }
    case 'rotation': {
      const rotation = findRotation(name.owner, name.rotation, scope);
      const members = rotation ? rotationMembers(rotation, scope) : [];
      if (members.length === 0) throw faults.MODEL_NOT_FOUND();
      return members;
    }
    case 'unsupported':
      throw faults.ROUTE_UNSUPPORTED({ form: name.form });
    case 'unknown':
      throw faults.MODEL_NOT_FOUND();
    default:
      return name satisfies never;
  }
}

type ProviderModel = Readonly<{ provider: string; model: string }>;

/** One's own provider of that name hides all others; then the operator's; then the one on the market. */
function shortOffer({ provider: name, model }: ProviderModel, scope: Scope): Offer | undefined {
  const { catalogue, buyer } = scope;
  const own = catalogue.providerByOwnedName.get(ownedName(buyer.ownerId, name));
  if (own) return offerTo(scope, own, model);
  const sellers = sellersOf(`${name}/${model}`, model, scope);
  const global = sellers.find(({ username }) => username === globalUsername);
  const [seller, rival] = global ? [global] : sellers;
  if (rival) throw faults.ROUTE_AMBIGUOUS();
  return seller && offerTo(scope, seller, model);
}

/** Who has it on sale at this moment under a short name. */
export function sellersOf(
  route: string,
  model: string,
  { catalogue, nowMs }: Scope,
): readonly Provider[] {
  const listed = catalogue.sellersByRoute.get(route) ?? [];
  return listed.filter(({ id: providerId }) => saleAt(catalogue, { providerId, model }, nowMs));
}

function ownedOffer(owner: string, { provider, model }: ProviderModel, scope: Scope) {
  const found = scope.catalogue.providerByLabel.get(labelOf({ username: owner, name: provider }));
  return found && offerTo(scope, found, model);
}

function findRotation(owner: string | null, name: string, scope: Scope): Rotation | undefined {
  const { catalogue, buyer } = scope;
  if (owner !== null) {
    const rotation = catalogue.rotationByLabel.get(labelOf({ username: owner, name }));
    return rotation && isOpenTo(rotation, scope) ? rotation : undefined;
  }
  return (
    catalogue.rotationByOwnedName.get(ownedName(buyer.ownerId, name)) ??
    catalogue.rotationByLabel.get(labelOf({ username: globalUsername, name }))
  );
}

/**
 * One's own rotations and the operator's are open. A seller's is too, where it leads to something that the
 * seller has on sale; a buyer's private order of other people's offers is not.
 */
export function isOpenTo(rotation: Rotation, scope: Scope): boolean {
  if (rotation.ownerId === scope.buyer.ownerId || rotation.username === globalUsername) return true;
  return rotationMembers(rotation, scope).some(
    ({ offer }) => offer.provider.ownerId === rotation.ownerId,
  );
}

/** The members that this buyer may see. */
export function rotationMembers(rotation: Rotation, scope: Scope): readonly Member[] {
  return rotation.members.flatMap(({ providerId, model, weight }) => {
    const provider = scope.catalogue.providerById.get(providerId);
    const offer = provider && offerTo(scope, provider, model);
    return offer ? [{ offer, weight }] : [];
  });
}
