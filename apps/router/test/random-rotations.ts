import fc from 'fast-check';
import type { Provider, Rotation, RotationMember } from '../src/domain/catalogue.js';
import { models, ownerIdOf, usernames } from './random-names.js';

export function rotationsOf(
  all: readonly Provider[],
  share: number,
): fc.Arbitrary<readonly Rotation[]> {
  const places = all.flatMap(({ id }) => models.map((model) => ({ providerId: id, model })));
  const rotation = fc.record({
    username: fc.constantFrom(...usernames),
    name: fc.constantFrom('main', 'spare'),
    members: fc.subarray(places, { minLength: Math.floor(places.length * share) }).chain((chosen) =>
      fc.tuple(
        ...chosen.map((place) =>
          fc.record({
            target: fc.constant({ kind: 'model' as const, ...place }),
            weight: fc.integer({ min: 1, max: 10 }),
            priority: fc.constantFrom(0, 0, 0, 1),
          }),
        ),
      ),
    ),
  });
  return fc
    .uniqueArray(rotation, {
      selector: ({ username, name }) => `${username}/${name}`,
      minLength: Math.floor(4 * share),
      maxLength: 4,
    })
    .chain((shapes) =>
      fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 4 }).map((links) =>
        shapes.map(({ username, name, members }, at) => ({
          id: `${username}-${name}`,
          ownerId: ownerIdOf(username),
          username,
          name,
          createdAtMs: 5_000,
          members: [...members, ...innerMembers(shapes, at, links)],
          limits: { attemptsMax: null, firstByteMs: null, totalMs: null, hedgeAfterMs: null },
        })),
      ),
    );
}

/** Rotations lead to one another, and now and then back to themselves. */
function innerMembers(
  shapes: readonly Readonly<{ username: string; name: string }>[],
  at: number,
  links: readonly (readonly [number, number])[],
): RotationMember[] {
  const inner = links
    .filter(([from]) => from % shapes.length === at)
    .flatMap(([, to]) => shapes[to % shapes.length] ?? []);
  return [...new Set(inner)].map(({ username, name }) => ({
    target: { kind: 'rotation', rotationId: `${username}-${name}` },
    weight: 1,
    priority: 0,
  }));
}
