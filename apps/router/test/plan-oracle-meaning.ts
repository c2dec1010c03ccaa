import type { MarketImport, Provider, Rotation, RotationLimits } from '../src/domain/catalogue.js';
import type { PlanCase } from './plan-case.js';
import {
  hasAtTheMoment,
  importedOffer,
  importOpen,
  isLetIn,
  isListed,
  isMine,
  type OracleOffer,
  offerOf,
  salePrices,
} from './plan-oracle-offers.js';
import { isMarked, type Judgement, selectionOf } from './plan-oracle-selection.js';
import { offersOfRotation, prune, rotationTree, type Tree } from './plan-oracle-tree.js';

/** What one route means, or the code of why it means nothing. */
export type Meaning = Readonly<{
  tree?: Tree;
  refusal?: string | undefined;
  limits?: RotationLimits;
  judgement?: Judgement;
  /** The request is to be kept from the indiscreet. */
  isSecret?: boolean;
}>;

const operator = 'global';
const autoselectForm =
  /^(?:(?<word>autoselect|autoselections|user-autoselect)|(?<owner>[^/]+)\/autoselect)\/(?<name>[^/]+)$/;
const reserved = /^(?:rotation|rotations|autoselect|autoselections|import|imports|user-\w+)\//;

export function meaningOf(one: PlanCase, route: string): Meaning {
  const { rules } = one.buyer;
  const selecting = autoselectForm.exec(route)?.groups;
  // Nobody can say what an autoselect that is not there would have kept secret.
  const isSecret = selecting !== undefined && isMarked(one);
  if (!isListed(route, 'routes', rules)) return { refusal: 'ROUTE_NOT_ALLOWED', isSecret };
  const meaning = selecting ? autoselected(one, selecting) : named(one, route);
  if (meaning === undefined) return { refusal: 'MODEL_NOT_FOUND', isSecret };
  if (!meaning.tree) return meaning;
  const tree = prune(meaning.tree, ({ model }) => isListed(model, 'models', rules));
  return tree ? { ...meaning, tree } : { refusal: 'ROUTE_NOT_ALLOWED' };
}

function named(one: PlanCase, route: string): Meaning | undefined {
  const oneWord = /^[^/]+$/.exec(route);
  if (oneWord) return wordMeaning(one, route);
  const own = /^user-provider\/([^/]+)\/(.+)$/s.exec(route);
  if (own)
    return onlyOf(offersOf(one, own[2], (each) => isMine(one, each) && each.name === own[1]));
  const rotation = /^(rotation|rotations|user-rotation)\/([^/]+)$/.exec(route);
  if (rotation) return rotationNamed(one, nearestRotation(one, rotation[2], rotation[1]));
  const imported = /^(import|imports|user-import)\/([^/]+)$/.exec(route);
  if (imported) return importMeaning(one, nearestImport(one, imported[2], imported[1]));
  if (reserved.test(route)) return undefined;
  const theirs = /^([^/]+)\/provider\/([^/]+)\/(.+)$/s.exec(route);
  if (theirs) {
    const [, owner, name, model] = theirs;
    return onlyOf(offersOf(one, model, (each) => each.username === owner && each.name === name));
  }
  const theirImport = /^([^/]+)\/import\/([^/]+)$/.exec(route);
  if (theirImport) {
    const [, owner, name] = theirImport;
    return importMeaning(
      one,
      importOpen(one, (each) => each.username === owner && each.name === name),
    );
  }
  const theirRotation = /^([^/]+)\/rotation\/([^/]+)$/.exec(route);
  if (theirRotation) {
    const [, owner, name] = theirRotation;
    return rotationNamed(one, openRotation(one, owner, name));
  }
  const short = /^([^/]+)\/(.+)$/s.exec(route);
  return short ? onlyOf(shortOffers(one, short[1] ?? '', short[2] ?? '')) : undefined;
}

function onlyOf(offers: readonly OracleOffer[]): Meaning | undefined {
  const [offer, rival] = offers;
  if (rival) return { refusal: 'ROUTE_AMBIGUOUS' };
  return offer && { tree: { offer } };
}

function offersOf(
  one: PlanCase,
  model: string | undefined,
  isMeant: (provider: Provider) => boolean,
): readonly OracleOffer[] {
  return one.catalogue.providers
    .filter(isMeant)
    .flatMap(({ id }) => offerOf(one, id, model ?? '') ?? []);
}

/** Enabled, on sale, and there for this buyer. */
const sells = (one: PlanCase, model: string) => (provider: Provider) =>
  provider.isEnabled && isLetIn(one, provider) && salePrices(one, provider.id, model) !== undefined;

/** The operator's hide those of the market. */
function operatorFirst(providers: readonly Provider[]): readonly Provider[] {
  const operators = providers.filter(({ username }) => username === operator);
  return operators.length > 0 ? operators : providers;
}

function shortOffers(one: PlanCase, name: string, model: string): readonly OracleOffer[] {
  const called = one.catalogue.providers.filter((provider) => provider.name === name);
  const own = called.filter((provider) => isMine(one, provider));
  const meant = own.length > 0 ? own : operatorFirst(called.filter(sells(one, model)));
  return offersOf(one, model, (provider) => meant.includes(provider));
}

/** One's own import of that name, unless a model of one's own is called so as well. */
function wordMeaning(one: PlanCase, model: string): Meaning | undefined {
  const own = one.catalogue.providers.filter(
    (each) => isMine(one, each) && each.isEnabled && hasAtTheMoment(one, each, model),
  );
  const imported = nearestImport(one, model, 'user-import');
  if (imported && own.length > 0) return { refusal: 'ROUTE_AMBIGUOUS' };
  if (imported) return importMeaning(one, imported);
  return onlyOf(own.length > 0 ? meantBy(one, model, own) : wordOffers(one, model));
}

function wordOffers(one: PlanCase, model: string): readonly OracleOffer[] {
  const { providers } = one.catalogue;
  const others = providers.filter((each) => !isMine(one, each) && sells(one, model)(each));
  const shared = importedOffer(
    one,
    one.catalogue.imports?.find(({ username, name }) => username === operator && name === model),
  );
  if (!shared) return meantBy(one, model, operatorFirst(others));
  const beside = others.filter(({ username }) => username === operator);
  return [shared, ...meantBy(one, model, beside)];
}

function meantBy(one: PlanCase, model: string, meant: readonly Provider[]) {
  return offersOf(one, model, (provider) => meant.includes(provider));
}

function nearestImport(one: PlanCase, name: string | undefined, form: string | undefined) {
  const called = (one.catalogue.imports ?? []).filter((each) => each.name === name);
  const own = called.find((each) => isMine(one, each));
  if (own || form === 'user-import') return own;
  return called.find(({ username }) => username === operator);
}

/** Only its maker is told that it leads nowhere. */
function importMeaning(one: PlanCase, found: MarketImport | undefined): Meaning | undefined {
  const offer = importedOffer(one, found);
  if (offer) return { tree: { offer } };
  return found && isMine(one, found) ? { refusal: 'IMPORT_NOT_ON_SALE' } : undefined;
}

function rotationNamed(one: PlanCase, rotation: Rotation | undefined): Meaning | undefined {
  const tree = rotation && rotationTree(one, rotation);
  return tree && { tree, limits: rotation.limits };
}

function nearestRotation(one: PlanCase, name: string | undefined, form: string | undefined) {
  const called = one.catalogue.rotations.filter((rotation) => rotation.name === name);
  const own = called.find((rotation) => isMine(one, rotation));
  if (own || form === 'user-rotation') return own;
  return called.find(({ username }) => username === operator);
}

/** A seller's is open where it leads to something of the seller's own that is on sale. */
function openRotation(one: PlanCase, owner: string | undefined, name: string | undefined) {
  const rotation = one.catalogue.rotations.find(
    (each) => each.username === owner && each.name === name,
  );
  if (!rotation || isMine(one, rotation) || owner === operator) return rotation;
  const leadsTo = offersOfRotation(one, rotation.id);
  const isOpen = leadsTo.some(({ provider }) => provider.ownerId === rotation.ownerId);
  return isOpen ? rotation : undefined;
}

function autoselected(
  one: PlanCase,
  { word, owner, name }: Readonly<Record<string, string>>,
): Meaning | undefined {
  const whose = word === 'user-autoselect' ? 'own' : word ? 'nearest' : { username: owner ?? '' };
  const judgement = selectionOf(one, whose, name ?? '');
  if (!judgement) return undefined;
  const { groups, refusal, isSecret } = judgement;
  if (groups.length === 0) return { refusal, judgement, isSecret };
  const inOrder = groups.map(
    (equals): Tree => ({
      drawn: equals.map(({ label, offer }) => ({
        name: label,
        weight: 1,
        priority: 0,
        tree: { offer },
      })),
    }),
  );
  return { tree: { inOrder }, judgement, isSecret };
}
