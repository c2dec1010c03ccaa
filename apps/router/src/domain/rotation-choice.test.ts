import { describe, expect, it } from '@jest/globals';
import { type Catalogue, indexCatalogue, type RotationMember } from './catalogue.js';
import { offersOf } from './choice.js';
import { rotationChoice, rotationDepthMax } from './rotation-choice.js';

const owned = { ownerId: 'anna', username: 'anna', createdAtMs: 1 };
const toModel = (model: string): RotationMember => ({
  ...{ target: { kind: 'model', providerId: 'rig', model }, weight: 1, priority: 0 },
});
const toRotation = (rotationId: string): RotationMember => ({
  ...{ target: { kind: 'rotation', rotationId }, weight: 1, priority: 0 },
});

/** As no save lets them become, but as two at once may have left them. */
function catalogueOf(members: Readonly<Record<string, readonly RotationMember[]>>): Catalogue {
  return indexCatalogue({
    revision: 1,
    providers: [
      {
        ...{ ...owned, id: 'rig', name: 'rig', isEnabled: true },
        data: { isCollected: null, isRetained: null, region: null },
        source: { kind: 'coderai', clientIds: null, registrations: [] },
      },
    ],
    listings: [],
    rotations: Object.entries(members).map(([id, all]) => ({
      ...{ ...owned, id, name: id, members: all },
      limits: { attemptsMax: null, firstByteMs: null, totalMs: null, hedgeAfterMs: null },
    })),
    ...{ usageChecks: [], sellerFees: new Map() },
  });
}

function modelsOf(catalogue: Catalogue, id: string): readonly string[] | undefined {
  const rotation = catalogue.rotationById.get(id);
  const scope = { buyer: { ownerId: 'anna' }, catalogue, feeBpsDefault: 500, nowMs: 1_000 };
  const choice = rotation && rotationChoice(rotation, scope);
  return choice && offersOf(choice).map(({ model }) => model);
}

describe(rotationChoice, () => {
  it('goes on without the member that leads back', () => {
    const catalogue = catalogueOf({
      one: [toModel('m'), toRotation('two')],
      two: [toModel('n'), toRotation('one')],
      self: [toRotation('self'), toModel('m')],
    });
    expect(modelsOf(catalogue, 'one')).toEqual(['m', 'n']);
    expect(modelsOf(catalogue, 'two')).toEqual(['n', 'm']);
    expect(modelsOf(catalogue, 'self')).toEqual(['m']);
  });

  it('leads nowhere where there is nothing but a loop', () => {
    const catalogue = catalogueOf({ one: [toRotation('two')], two: [toRotation('one')] });
    expect(modelsOf(catalogue, 'one')).toBeUndefined();
  });

  it('looks no deeper than so many levels', () => {
    const levels = Array.from({ length: rotationDepthMax + 2 }, (_, level) => level);
    const catalogue = catalogueOf(
      Object.fromEntries(
        levels.map((level) => [`r${level}`, [toModel(`m${level}`), toRotation(`r${level + 1}`)]]),
      ),
    );
    const found = levels.slice(0, rotationDepthMax).map((level) => `m${level}`);
    expect(modelsOf(catalogue, 'r0')).toEqual(found);
  });
});
