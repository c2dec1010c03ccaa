import type { Rotation, RotationMember } from '../src/domain/catalogue.js';
import type { PlanCase } from './plan-case.js';
import { importedOffer, importOpen, type OracleOffer, offerOf } from './plan-oracle-offers.js';

/** What a route leads to, as it is drawn from. */
export type Tree =
  | Readonly<{ offer: OracleOffer }>
  | Readonly<{ inOrder: readonly Tree[] }>
  | Readonly<{ drawn: readonly Branch[] }>;

export type Branch = Readonly<{ name: string; weight: number; priority: number; tree: Tree }>;

/** Without the offers that do not pass, and without branches that bear nothing any more. */
export function prune(tree: Tree, passes: (offer: OracleOffer) => boolean): Tree | undefined {
  if ('offer' in tree) return passes(tree.offer) ? tree : undefined;
  if ('inOrder' in tree) {
    const inOrder = tree.inOrder.flatMap((part) => prune(part, passes) ?? []);
    return inOrder.length === 0 ? undefined : { inOrder };
  }
  const drawn = tree.drawn.flatMap((branch) => {
    const left = prune(branch.tree, passes);
    return left ? [{ ...branch, tree: left }] : [];
  });
  return drawn.length === 0 ? undefined : { drawn };
}

/** Each offer once, in the order in which it is named. */
export function offersIn(tree: Tree): readonly OracleOffer[] {
  return onceEach(allIn(tree));
}

export function onceEach(offers: readonly OracleOffer[]): readonly OracleOffer[] {
  return offers.filter(({ name }, at) => offers.findIndex((one) => one.name === name) === at);
}

function allIn(tree: Tree): readonly OracleOffer[] {
  if ('offer' in tree) return [tree.offer];
  if ('inOrder' in tree) return tree.inOrder.flatMap(allIn);
  return tree.drawn.flatMap((branch) => allIn(branch.tree));
}

/** Eight levels; what is deeper, and what leads back, counts as not there. */
export function rotationTree(
  one: PlanCase,
  rotation: Rotation,
  above: readonly Rotation[] = [],
): Tree | undefined {
  if (above.length === 8 || above.includes(rotation)) return undefined;
  const drawn = rotation.members.flatMap(({ target, weight, priority }): readonly Branch[] => {
    const found = leadsTo(one, target, [...above, rotation]);
    return found ? [{ ...found, weight, priority }] : [];
  });
  return drawn.length > 0 ? { drawn } : undefined;
}

function leadsTo(
  one: PlanCase,
  target: RotationMember['target'],
  above: readonly Rotation[],
): Pick<Branch, 'name' | 'tree'> | undefined {
  if (target.kind === 'rotation') {
    const inner = one.catalogue.rotations.find(({ id }) => id === target.rotationId);
    const tree = inner && rotationTree(one, inner, above);
    return tree && { name: target.rotationId, tree };
  }
  if (target.kind === 'model') {
    const offer = offerOf(one, target.providerId, target.model);
    return offer && { name: offer.name, tree: { offer } };
  }
  const { importId } = target;
  const offer = importedOffer(
    one,
    importOpen(one, ({ id }) => id === importId),
  );
  return offer && { name: importId, tree: { offer } };
}

export function offersOfRotation(one: PlanCase, rotationId: string): readonly OracleOffer[] {
  const rotation = one.catalogue.rotations.find(({ id }) => id === rotationId);
  const tree = rotation && rotationTree(one, rotation);
  return tree ? offersIn(tree) : [];
}
