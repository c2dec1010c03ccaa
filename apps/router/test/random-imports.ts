import { type Prices, unitKinds } from '@aisbf/money';
import fc from 'fast-check';
import {
  type Catalogue,
  indexCatalogue,
  type MarketImport,
  type Rotation,
} from '../src/domain/catalogue.js';
import { listingNameText } from '../src/domain/listing-name.js';
import { markets, type RandomMarket } from './random-market.js';
import { models, ownerIdOf, usernames } from './random-names.js';
import { prices } from './random-schedule.js';

/** One of them is also the name of a model. */
export const importNames = ['mine', 'llama'] as const;

/** Of a unit or two, so that each of them decides now and then. */
const ceilings: fc.Arbitrary<Prices> = fc
  .record({ all: prices, kinds: fc.subarray([...unitKinds], { maxLength: 2 }) })
  .map(({ all, kinds }) =>
    Object.fromEntries(
      kinds.flatMap((kind) => (all[kind] === undefined ? [] : [[kind, all[kind]]])),
    ),
  );

function importsOf({ providers }: Catalogue): fc.Arbitrary<readonly MarketImport[]> {
  // One provider is gone since.
  const gone = { id: 'gone', ownerId: 'owner-of-dora', username: 'dora', name: 'old' };
  const shape = fc.record({
    username: fc.constantFrom(...usernames, 'carl'),
    name: fc.constantFrom(...importNames),
    provider: fc.constantFrom(...providers, ...providers, gone),
    model: fc.constantFrom(...models),
    pricesMax: ceilings,
  });
  return fc
    .uniqueArray(shape, { selector: ({ username, name }) => `${username}/${name}`, maxLength: 6 })
    .map((shapes) =>
      shapes
        // Nobody imports what is its own.
        .filter(({ username, provider }) => provider.ownerId !== ownerIdOf(username))
        .map(({ username, name, provider, model, pricesMax }) => ({
          id: `import-${username}-${name}`,
          ownerId: ownerIdOf(username),
          username,
          name,
          createdAtMs: 5_000,
          providerId: provider.id,
          model,
          listing: listingNameText({ owner: provider.username, provider: provider.name, model }),
          pricesMax,
          note: null,
        })),
    );
}

/** Rotations lead to imports too; to anybody's, since they may have been the operator's once. */
function withImports(
  rotations: readonly Rotation[],
  imports: readonly MarketImport[],
): fc.Arbitrary<readonly Rotation[]> {
  return fc.tuple(...rotations.map(() => fc.subarray([...imports]))).map((chosen) =>
    rotations.map((rotation, at) => ({
      ...rotation,
      members: [
        ...rotation.members,
        ...(chosen[at] ?? []).map(({ id }) => ({
          target: { kind: 'import' as const, importId: id },
          weight: 1,
          priority: 0,
        })),
      ],
    })),
  );
}

/** Markets whose owners have imported from them. */
export function importingIn(from: fc.Arbitrary<RandomMarket>): fc.Arbitrary<RandomMarket> {
  return from.chain((market) =>
    importsOf(market.catalogue).chain((imports) =>
      withImports(market.catalogue.rotations, imports).map((rotations) => ({
        ...market,
        catalogue: indexCatalogue({ ...market.catalogue, rotations, imports }),
      })),
    ),
  );
}

export const importing = importingIn(markets);

/** Every form in which an import may be called. */
export const importRoutes: readonly string[] = importNames.flatMap((name) => [
  ...[name, `import/${name}`, `imports/${name}`, `user-import/${name}`],
  ...[...usernames, 'carl'].map((username) => `${username}/import/${name}`),
]);
