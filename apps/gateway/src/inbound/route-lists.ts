import type {
  AutoselectEntry,
  CallableAutoselect,
  CallableProvider,
  CallableRotation,
  CallableRoutes,
  ProviderEntry,
  RotationEntry,
} from '@aisbf/contracts';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** Serves the lists of what a token can call besides single models. */
export function addRouteLists(
  scope: FastifyInstance,
  routesFor: (request: FastifyRequest) => Promise<CallableRoutes>,
): void {
  const list = (path: string, dataOf: (routes: CallableRoutes) => readonly object[]) =>
    scope.get(path, async (request, reply) =>
      reply.send({ object: 'list', data: dataOf(await routesFor(request)) }),
    );
  list('/providers', ({ providers }) => providers.map(toProviderEntry));
  list('/rotations', ({ rotations }) => rotations.map(toRotationEntry));
  list('/autoselects', ({ autoselects }) => autoselects.map(toAutoselectEntry));
}

type Named = Readonly<{ ownedBy: string; name: string; createdAtS: number }>;

function named({ ownedBy, name, createdAtS }: Named) {
  return { created: createdAtS, owned_by: ownedBy, name };
}

function toProviderEntry(provider: CallableProvider): ProviderEntry {
  const { isCollected, isRetained, region } = provider;
  return {
    id: `${provider.ownedBy}/${provider.name}`,
    object: 'provider',
    ...named(provider),
    kind: provider.kind === 'coderai' ? 'workers' : 'hosted',
    is_own: provider.isOwn,
    models: provider.models,
    ...(isCollected !== null && { collects_data: isCollected }),
    ...(isRetained !== null && { retains_data: isRetained }),
    ...(region !== null && { region }),
  };
}

function toRotationEntry(rotation: CallableRotation): RotationEntry {
  const members = rotation.members.map(({ providerLabel, model }) => ({
    provider: providerLabel,
    model,
  }));
  return { id: rotation.id, object: 'rotation', ...named(rotation), members };
}

function toAutoselectEntry(autoselect: CallableAutoselect): AutoselectEntry {
  const { id, isBuiltIn } = autoselect;
  return { id, object: 'autoselect', ...named(autoselect), is_built_in: isBuiltIn };
}
