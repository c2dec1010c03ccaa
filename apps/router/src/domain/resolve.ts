import type { AutoselectMember, SelectionRecord } from '@aisbf/contracts';
import type { Fault } from '@aisbf/faults';
import { type Selecting, selectedChoice } from './autoselect-choice.js';
import { builtInAutoselects } from './built-in-autoselects.js';
import { isDiscreet } from './candidate-facts.js';
import {
  type Autoselect,
  globalUsername,
  labelOf,
  type MarketImport,
  ownedName,
  type Provider,
  type Rotation,
} from './catalogue.js';
import { type Choice, filterChoice, offerName, offersOf } from './choice.js';
import { isPrivate } from './decision.js';
import { everyOffer } from './everything.js';
import { faults } from './faults.js';
import { findImport, importOffer } from './import-offer.js';
import { modelOffers, nearest, ownModelOffers, sellersOf } from './model-offers.js';
import { type Offer, offerTo } from './offer.js';
import { rotationChoice } from './rotation-choice.js';
import { parseRoute, type Whose } from './route-name.js';
import type { RouteScope } from './scope.js';
import { isModelAllowed, isRouteAllowed } from './token-rules.js';
import { toRejection, type UpstreamRejection } from './upstream.js';

/** What a list of routes means. */
export type Resolved = (Readonly<{ choice: Choice }> | Readonly<{ choice: null; refusal: Fault }>) &
  Readonly<{
    /** The first of them that means anything, where that is one: its deadlines and tries are the request's. */
    rotation: Rotation | undefined;
    /** What each of them means, in their order; undefined is nothing. */
    meanings: readonly (Choice | undefined)[];
    /** What autoselects among them have decided, and by what. */
    selections: readonly SelectionRecord[];
    /** Whom autoselects have looked at in vain, and from whom a private request is kept. */
    rejections: readonly UpstreamRejection[];
  }>;

/** What one route means, or why it means nothing. */
type Meaning = (Readonly<{ choice: Choice; rotation?: Rotation }> | Readonly<{ refusal: Fault }>) &
  Readonly<{
    record?: SelectionRecord;
    rejections?: readonly UpstreamRejection[];
    /** An autoselect takes the request for private. */
    isPrivate?: boolean;
  }>;

/** A scope in which something is to be served, and how that is selected. */
export type ServingScope = RouteScope & Readonly<{ selecting: Selecting }>;

/**
 * Finds what a list of routes means for this buyer, each to be tried before the next. Those that mean nothing
 * are left out as long as another one means something. Where an autoselect takes the request for private, it
 * is that on all its routes.
 */
export function resolveRoutes(routes: readonly string[], scope: ServingScope): Resolved {
  const meanings = routes.map((route) => resolveRoute(route, scope));
  const found = meanings.filter((one) => 'choice' in one);
  const refusals = meanings.flatMap((one) => ('refusal' in one ? one.refusal : []));
  const all = inSequence(found.map(({ choice }) => choice));
  const isStrict = meanings.some((one) => one.isPrivate);
  const choice = all && (isStrict ? filterChoice(all, isDiscreet) : all);
  const known = {
    rotation: found[0]?.rotation,
    meanings: meanings.map((one) => ('choice' in one ? one.choice : undefined)),
    selections: meanings.flatMap(({ record }) => record ?? []),
    rejections: [
      ...meanings.flatMap(({ rejections }) => rejections ?? []),
      ...(all && isStrict ? indiscreet(all) : []),
    ],
  };
  if (choice) return { ...known, choice };
  const [refusal = all ? faults.PRIVACY_UNMET() : faults.MODEL_NOT_FOUND()] = refusals;
  return { ...known, choice: null, refusal };
}

function inSequence(choices: readonly Choice[]): Choice | undefined {
  return choices.length > 1 ? { kind: 'sequence', choices } : choices[0];
}

function indiscreet(choice: Choice): readonly UpstreamRejection[] {
  return offersOf(choice)
    .filter((offer) => !isDiscreet(offer))
    .map((offer) => toRejection(offer, 'not_private'));
}

/**
 * Finds what one route means, or why it means nothing. What the buyer may not see counts as if it did not
 * exist, so that no answer tells of somebody else's private provider.
 */
function resolveRoute(route: string, scope: ServingScope): Meaning {
  const { rules } = scope.buyer;
  // Before anything is looked for: a token learns nothing of what it may not call.
  if (!isRouteAllowed(route, rules)) return refused(faults.ROUTE_NOT_ALLOWED(), route, scope);
  const found = meaningOf(route, scope);
  if ('refusal' in found) return found;
  if (!rules || rules.models.length === 0) return found;
  const choice = filterChoice(found.choice, ({ model }) => isModelAllowed(model, rules));
  return choice ? { ...found, choice } : { refusal: faults.ROUTE_NOT_ALLOWED() };
}

function meaningOf(route: string, scope: ServingScope): Meaning {
  const name = parseRoute(route);
  switch (name.kind) {
    case 'provider':
      return offered(providerOffers(name, scope));
    case 'model':
      return modelMeaning(name.model, scope);
    case 'import': {
      const found = findImport(name.whose, name.name, scope);
      return found ? imported(found, scope) : { refusal: faults.MODEL_NOT_FOUND() };
    }
    case 'rotation': {
      const rotation = findRotation(name.whose, name.name, scope);
      const choice = rotation && rotationChoice(rotation, scope);
      return choice ? { choice, rotation } : { refusal: faults.MODEL_NOT_FOUND() };
    }
    case 'autoselect': {
      const autoselect = findAutoselect(name.whose, name.name, scope);
      return autoselect
        ? selected(autoselect, scope)
        : refused(faults.MODEL_NOT_FOUND(), route, scope);
    }
    case 'unknown':
      return { refusal: faults.MODEL_NOT_FOUND() };
    default:
      return name satisfies never;
  }
}

/** What an autoselect would have ruled out is not known of one that is not there: in doubt all is private. */
function refused(refusal: Fault, route: string, { selecting }: ServingScope): Meaning {
  const isSelected = parseRoute(route).kind === 'autoselect';
  return { refusal, isPrivate: isSelected && isPrivate(selecting.reading) };
}

function offered([offer, rival]: readonly Offer[]): Meaning {
  if (!offer) return { refusal: faults.MODEL_NOT_FOUND() };
  if (rival) return { refusal: faults.ROUTE_AMBIGUOUS() };
  return { choice: { kind: 'offer', offer } };
}

/** Why an import leads nowhere is its owner's to know, and nobody else's. */
function imported(found: MarketImport, scope: ServingScope): Meaning {
  const offer = importOffer(found, scope);
  if (offer) return offered([offer]);
  const isOwn = found.ownerId === scope.buyer.ownerId;
  return { refusal: isOwn ? faults.IMPORT_NOT_ON_SALE() : faults.MODEL_NOT_FOUND() };
}

/** One's own import hides what others call the same, also where it leads nowhere; beside a model of one's own it is in doubt. */
function modelMeaning(model: string, scope: ServingScope): Meaning {
  const own = findImport('own', model, scope);
  if (!own) return offered(modelOffers(model, scope));
  const isInDoubt = ownModelOffers(model, scope).length > 0;
  return isInDoubt ? { refusal: faults.ROUTE_AMBIGUOUS() } : imported(own, scope);
}

/** What an autoselect makes of the request, among what this buyer may have. */
function selected(autoselect: Autoselect, scope: ServingScope): Meaning {
  const { offersMax } = scope.selecting;
  const { rules } = scope.buyer;
  return selectedChoice(autoselect, scope.selecting, (from) =>
    from === 'everything'
      ? everyOffer(scope, offersMax)
      : memberOffers(from, scope).filter(({ model }) => isModelAllowed(model, rules)),
  );
}

/** One's own, then the operator's, then what is built in. */
export function findAutoselect(
  whose: Whose,
  name: string,
  scope: RouteScope,
): Autoselect | undefined {
  const { catalogue, buyer } = scope;
  const globalOne = () =>
    catalogue.autoselectByLabel.get(labelOf({ username: globalUsername, name })) ??
    builtInAutoselects.get(name);
  if (typeof whose === 'object') {
    if (whose.username === globalUsername) return globalOne();
    const autoselect = catalogue.autoselectByLabel.get(labelOf({ ...whose, name }));
    return autoselect && isAutoselectOpenTo(autoselect, scope) ? autoselect : undefined;
  }
  const own = catalogue.autoselectByOwnedName.get(ownedName(buyer.ownerId, name));
  return own || whose === 'own' ? own : globalOne();
}

/** As with rotations: a seller's is open where it names something that the seller has on sale. */
export function isAutoselectOpenTo(autoselect: Autoselect, scope: RouteScope): boolean {
  const { ownerId, username, definition } = autoselect;
  if (ownerId === scope.buyer.ownerId || username === globalUsername) return true;
  const selections = [...definition.decisions.flatMap(({ use }) => use), ...definition.otherwise];
  return selections.some(
    ({ from }) =>
      from !== 'everything' &&
      memberOffers(from, scope).some(({ provider }) => provider.ownerId === ownerId),
  );
}

/** What of the members there is for this buyer, each once; what has gone since it was named is left out. */
export function memberOffers(
  members: readonly AutoselectMember[],
  scope: RouteScope,
): readonly Offer[] {
  const { catalogue } = scope;
  const offers = members.flatMap((member): readonly Offer[] => {
    if ('rotationId' in member) {
      const rotation = catalogue.rotationById.get(member.rotationId);
      return rotation ? rotationOffers(rotation, scope) : [];
    }
    if ('importId' in member) return importedMember(member.importId, scope);
    const provider = catalogue.providerById.get(member.providerId);
    const offer = provider && offerTo(scope, provider, member.model);
    return offer ? [offer] : [];
  });
  return [...new Map(offers.map((offer) => [offerName(offer), offer])).values()];
}

/** One at most: an import leads to one listing, never on to a rotation. */
function importedMember(id: string, scope: RouteScope): readonly Offer[] {
  const found = scope.catalogue.importById.get(id);
  const offer = found && importOffer(found, scope);
  return offer ? [offer] : [];
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
