import type { Fault } from '@aisbf/faults';
import { globalUsername, labelOf, ownedName, type Provider, type Rotation } from './catalogue.js';
import { type Choice, filterChoice, offersOf, type PoolMember } from './choice.js';
import { faults } from './faults.js';
import { type Offer, offerTo, type Scope, saleAt } from './offer.js';
import { admits } from './provider-policy.js';
import { parseRoute, type Whose } from './route-name.js';
import type { PresentSession } from './session-index.js';
import { isModelAllowed, isRouteAllowed } from './token-rules.js';

type SessionsOf = (providerId: string) => readonly PresentSession[];

/** Who asks, in which catalogue, and which workers are there. */
export type RouteScope = Scope & Readonly<{ sessionsOf: SessionsOf }>;

/** What a list of routes means; the deadlines and tries are those of its first rotation. */
export type Resolved = Readonly<{ choice: Choice; rotation: Rotation | undefined }>;

/** Rotations within rotations: more levels than anybody means. What is deeper counts as not there. */
export const rotationDepthMax = 8;

/**
 * Finds what a list of routes means for this buyer, each to be tried before the next. Those that mean nothing
 * are left out as long as another one means something.
 */
export function resolveRoutes(routes: readonly string[], scope: RouteScope): Resolved {
  const found: Resolved[] = [];
  let refusal: Fault | undefined;
  for (const route of routes) {
    const one = resolveRoute(route, scope);
    if ('choice' in one) found.push(one);
    else refusal ??= one;
  }
  const [first, ...others] = found;
  if (!first) throw refusal ?? faults.MODEL_NOT_FOUND();
  if (others.length === 0) return first;
  const choices = found.map(({ choice }) => choice);
  return { choice: { kind: 'sequence', choices }, rotation: first.rotation };
}

/**
 * Finds what one route means, or why it means nothing. What the buyer may not see counts as if it did not
 * exist, so that no answer tells of somebody else's private provider.
 */
function resolveRoute(route: string, scope: RouteScope): Resolved | Fault {
  const { rules } = scope.buyer;
  // Before anything is looked for: a token learns nothing of what it may not call.
  if (!isRouteAllowed(route, rules)) return faults.ROUTE_NOT_ALLOWED();
  const found = meaningOf(route, scope);
  if (!('choice' in found)) return found;
  const choice = filterChoice(found.choice, ({ model }) => isModelAllowed(model, rules));
  return choice ? { ...found, choice } : faults.ROUTE_NOT_ALLOWED();
}

function meaningOf(route: string, scope: RouteScope): Resolved | Fault {
  const name = parseRoute(route);
  switch (name.kind) {
    case 'provider':
      return offered(providerOffers(name, scope));
    case 'model':
      return offered(modelOffers(name.model, scope));
    case 'rotation': {
      const rotation = findRotation(name.whose, name.name, scope);
      const choice = rotation && rotationChoice(rotation, scope);
      return choice ? { choice, rotation } : faults.MODEL_NOT_FOUND();
    }
    case 'autoselect':
      return faults.ROUTE_UNSUPPORTED({ form: name.kind });
    case 'unknown':
      return faults.MODEL_NOT_FOUND();
    default:
      return name satisfies never;
  }
}

function offered([offer, rival]: readonly Offer[]): Resolved | Fault {
  if (!offer) return faults.MODEL_NOT_FOUND();
  if (rival) return faults.ROUTE_AMBIGUOUS();
  return { choice: { kind: 'offer', offer }, rotation: undefined };
}

type ProviderModel = Readonly<{ whose: Whose; provider: string; model: string }>;

/** One's own provider of that name hides all others; then the operator's; then those on the market. */
function providerOffers({ whose, provider: name, model }: ProviderModel, scope: RouteScope) {
  const { catalogue, buyer } = scope;
  const offersOfAll = (providers: readonly (Provider | undefined)[]) =>
    providers.flatMap((one) => (one && offerTo(scope, one, model)) ?? []);
  if (typeof whose === 'object') {
    return offersOfAll([catalogue.providerByLabel.get(labelOf({ ...whose, name }))]);
  }
  const own = catalogue.providerByOwnedName.get(ownedName(buyer.ownerId, name));
  if (own || whose === 'own') return offersOfAll([own]);
  const sellers = catalogue.sellersByRoute.get(`${name}/${model}`);
  return offersOfAll(nearest(sellersOf(sellers, model, scope)));
}

/** One's own providers that have it at the moment come before the operator's, and those before the market's. */
function modelOffers(model: string, scope: RouteScope): readonly Offer[] {
  const { catalogue, buyer, sessionsOf } = scope;
  const own = (catalogue.providersByOwnerId.get(buyer.ownerId) ?? []).filter(
    (provider) => provider.isEnabled && hasModel(provider, model, sessionsOf),
  );
  const others = sellersOf(catalogue.sellersByModel.get(model), model, scope).filter(
    ({ ownerId }) => ownerId !== buyer.ownerId,
  );
  return (own.length > 0 ? own : nearest(others)).flatMap(
    (provider) => offerTo(scope, provider, model) ?? [],
  );
}

function hasModel({ id, source }: Provider, model: string, sessionsOf: SessionsOf): boolean {
  if (source.kind === 'openai') return source.models.has(model);
  return sessionsOf(id).some(({ session }) => session.models.some(({ name }) => name === model));
}

/** Those that have it on sale to this buyer at this moment: another one is nobody's rival, and hides nobody. */
export function sellersOf(
  listed: readonly Provider[] = [],
  model: string,
  { buyer, catalogue, nowMs }: Scope,
): readonly Provider[] {
  return listed.filter(
    (provider) =>
      admits(provider, buyer.ownerId) &&
      saleAt(catalogue, { providerId: provider.id, model }, nowMs) !== undefined,
  );
}

function nearest(sellers: readonly Provider[]): readonly Provider[] {
  const global = sellers.filter(({ username }) => username === globalUsername);
  return global.length > 0 ? global : sellers;
}

function findRotation(whose: Whose, name: string, scope: RouteScope): Rotation | undefined {
  const { catalogue, buyer } = scope;
  if (typeof whose === 'object') {
    const rotation = catalogue.rotationByLabel.get(labelOf({ ...whose, name }));
    return rotation && isOpenTo(rotation, scope) ? rotation : undefined;
  }
  const own = catalogue.rotationByOwnedName.get(ownedName(buyer.ownerId, name));
  if (own || whose === 'own') return own;
  return catalogue.rotationByLabel.get(labelOf({ username: globalUsername, name }));
}

/**
 * One's own rotations and the operator's are open. A seller's is too, where it leads to something that the
 * seller has on sale; a buyer's private order of other people's offers is not.
 */
export function isOpenTo(rotation: Rotation, scope: RouteScope): boolean {
  if (rotation.ownerId === scope.buyer.ownerId || rotation.username === globalUsername) return true;
  return rotationOffers(rotation, scope).some(
    ({ provider }) => provider.ownerId === rotation.ownerId,
  );
}

/** All that this buyer may have of it, rotations within it included. */
export function rotationOffers(rotation: Rotation, scope: RouteScope): readonly Offer[] {
  const choice = rotationChoice(rotation, scope);
  return choice ? offersOf(choice) : [];
}

/** Undefined where there is nothing in it that this buyer may see. */
function rotationChoice(
  rotation: Rotation,
  scope: RouteScope,
  within: readonly string[] = [],
): Choice | undefined {
  // A loop is refused when it is saved; this is for those that two saves made together.
  if (within.includes(rotation.id) || within.length >= rotationDepthMax) return undefined;
  const path = [...within, rotation.id];
  const members = rotation.members.flatMap(({ target, weight, priority }): PoolMember[] => {
    if (target.kind === 'rotation') {
      const inner = scope.catalogue.rotationById.get(target.rotationId);
      const choice = inner && rotationChoice(inner, scope, path);
      return choice ? [{ name: target.rotationId, choice, weight, priority }] : [];
    }
    const { providerId, model } = target;
    const provider = scope.catalogue.providerById.get(providerId);
    const offer = provider && offerTo(scope, provider, model);
    const name = `${providerId} ${model}`;
    return offer ? [{ name, choice: { kind: 'offer', offer }, weight, priority }] : [];
  });
  return members.length > 0 ? { kind: 'pool', members } : undefined;
}
