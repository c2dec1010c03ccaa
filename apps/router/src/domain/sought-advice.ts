import {
  type AutoselectDefinition,
  type DecisionTree,
  judgedMax,
  type SoughtAdvice,
} from '@aisbf/contracts';
import { candidateName } from './candidate-facts.js';
import { type Autoselect, labelOf } from './catalogue.js';
import { everyOffer } from './everything.js';
import type { Offer } from './offer.js';
import { findAutoselect, memberOffers } from './resolve.js';
import { parseRoute, splitSuffix } from './route-name.js';
import type { RouteScope } from './scope.js';
import { isModelAllowed, isRouteAllowed, matches } from './token-rules.js';

/** Of the autoselects among these routes, those that want to know more of a prompt than its words tell, and what. */
export function soughtAdvice(
  routes: readonly string[],
  scope: RouteScope,
  offersMax: number,
): SoughtAdvice[] {
  const found = routes.flatMap((route) => autoselectOf(splitSuffix(route).route, scope) ?? []);
  const distinct = new Map(found.map((one) => [labelOf(one), one]));
  return [...distinct].flatMap(([autoselect, { definition }]) => {
    const classes = definition.classes ?? [];
    const judged = judgedOf(definition, scope, offersMax);
    return classes.length + judged.length > 0 ? [{ autoselect, classes, judged }] : [];
  });
}

/** What a token may not call it learns nothing of. */
function autoselectOf(route: string, scope: RouteScope): Autoselect | undefined {
  const name = parseRoute(route);
  if (name.kind !== 'autoselect' || !isRouteAllowed(route, scope.buyer.rules)) return undefined;
  return findAutoselect(name.whose, name.name, scope);
}

/** Among all that any of its selections may lead to: which of them is made is not known yet. One is no choice. */
function judgedOf(
  { judge, decisions, otherwise }: AutoselectDefinition,
  scope: RouteScope,
  offersMax: number,
): SoughtAdvice['judged'] {
  if (!judge) return [];
  const selections = [...decisions.flatMap(({ use }) => use), ...otherwise];
  const sources = new Map(selections.map(({ from }) => [JSON.stringify(from), from]));
  const offers = [...sources.values()].flatMap((from): readonly Offer[] =>
    from === 'everything'
      ? everyOffer(scope, offersMax)
      : memberOffers(from, scope).filter(({ model }) => isModelAllowed(model, scope.buyer.rules)),
  );
  const described = offers.flatMap((offer) => {
    const told = judge.models.find(({ model }) => matches(offer.model, model));
    return told ? [[candidateName(offer), told.description] as const] : [];
  });
  const judged = [...new Map(described)].slice(0, judgedMax);
  return judged.length < 2 ? [] : judged.map(([name, description]) => ({ name, description }));
}

/** What its decisions ask for and it does not have. */
export function unknownClass({
  decisions,
  classes = [],
}: Pick<AutoselectDefinition, 'decisions' | 'classes'>): string | undefined {
  const known = new Set(classes.map(({ name }) => name));
  return decisions.flatMap(({ when }) => classesIn(when)).find((name) => !known.has(name));
}

function classesIn(tree: DecisionTree): readonly string[] {
  if ('all' in tree) return tree.all.flatMap(classesIn);
  if ('any' in tree) return tree.any.flatMap(classesIn);
  if ('not' in tree) return classesIn(tree.not);
  return tree.signal === 'classes' ? [tree.value] : [];
}
