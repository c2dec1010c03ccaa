import { type CallableRoutes, toldMembersMax } from '@aisbf/contracts';
import { namedAutoselects } from './callable-autoselects.js';
import { callableImports } from './callable-imports.js';
import { type Callable, callable } from './callable-models.js';
import { labelOf } from './catalogue.js';
import type { RouteScope } from './scope.js';

/** Whom and what a buyer can call besides single models: made of the same as the list of models. */
export function callableRoutes(scope: RouteScope, linesMax: number): CallableRoutes {
  const { models, rotations } = callable(scope);
  // Without anything to select from there is nothing to be selected.
  const isEmpty =
    models.length === 0 &&
    rotations.length === 0 &&
    callableImports(scope, () => undefined).length === 0;
  return {
    providers: providersOf(models, scope).slice(0, linesMax),
    rotations: rotations.map(toRotation).sort(byId).slice(0, linesMax),
    autoselects: (isEmpty ? [] : namedAutoselects(scope))
      .map(({ id, autoselect }) => ({
        ...named(autoselect),
        id,
        isBuiltIn: autoselect.id === null,
      }))
      .sort(byId)
      .slice(0, linesMax),
  };
}

function providersOf(models: Callable['models'], { buyer }: RouteScope) {
  const offers = models.map(({ offer }) => offer);
  const byProvider = Map.groupBy(offers, ({ provider }) => provider);
  return [...byProvider]
    .map(([provider, { length }]) => ({
      ...named(provider),
      kind: provider.source.kind,
      isOwn: provider.ownerId === buyer.ownerId,
      models: length,
      ...provider.data,
    }))
    .sort((left, right) =>
      compare(`${left.ownedBy}/${left.name}`, `${right.ownedBy}/${right.name}`),
    );
}

function toRotation({ id, rotation, offers }: Callable['rotations'][number]) {
  const members = offers
    .slice(0, toldMembersMax)
    .map(({ provider, model }) => ({ providerLabel: labelOf(provider), model }));
  return { ...named(rotation), id, members };
}

type Named = Readonly<{ username: string; name: string; createdAtMs: number }>;

function named({ username, name, createdAtMs }: Named) {
  return { ownedBy: username, name, createdAtS: Math.floor(createdAtMs / 1000) };
}

type WithId = Readonly<{ id: string }>;

function byId(left: WithId, right: WithId): number {
  return compare(left.id, right.id);
}

function compare(left: string, right: string): number {
  return left < right ? -1 : 1;
}
