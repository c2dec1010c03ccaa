import type { JsonBody } from '@aisbf/openai';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type BuyerPlace, bodyAt, isAt, placeOfWord, routeAt } from './buyer-place.js';

const anywhere: BuyerPlace = { kind: 'anywhere' };
const box: BuyerPlace = { kind: 'provider', provider: 'box' };
const rotation: BuyerPlace = { kind: 'rotation' };
const autoselect: BuyerPlace = { kind: 'autoselect' };

const providers = fc
  .stringMatching(/^[a-z0-9][a-z0-9._-]{0,9}$/)
  .map((name) => placeOfWord(name))
  .filter((place) => place?.kind === 'provider');
const places = fc.oneof(providers, fc.constantFrom(anywhere, rotation, autoselect));
const words = fc.constantFrom(
  ...['box', 'ann', 'llama3:8b', 'm', 'provider', 'rotation', 'rotations', 'autoselect'],
  ...['autoselections', 'user-rotation', 'user-provider', 'user-autoselect', ':nitro', ''],
);
const names = fc
  .oneof(
    fc.array(words, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/')),
    fc.string({ maxLength: 40 }),
  )
  .filter((name) => name !== '');

describe(placeOfWord, () => {
  it.each([
    [undefined, anywhere],
    ['box', box],
    ['rotation', rotation],
    ['rotations', rotation],
    ['autoselect', autoselect],
    ['autoselections', autoselect],
  ] as const)('reads %s', (word, place) => {
    expect(placeOfWord(word)).toEqual(place);
  });

  it.each([
    'account',
    'catalog',
    'coderai',
    'u',
    'v1',
    'tags',
    'chat',
    'models',
    'providers',
    'imports',
  ])('finds no provider at %s, which is a word of the market', (word) => {
    expect(placeOfWord(word)).toBeUndefined();
  });

  it.each(['', 'Box', 'a b', 'box/x', '-x', '..', 'ü', 'x'.repeat(65)])(
    'finds nothing at %p, which nobody may be called',
    (word) => {
      expect(placeOfWord(word)).toBeUndefined();
    },
  );
});

describe(routeAt, () => {
  it.each([
    [anywhere, 'box/m', 'box/m'],
    [box, 'm', 'box/m'],
    [box, 'box/m', 'box/m'],
    [box, 'org/m:free', 'box/org/m:free'],
    [box, 'boxes/m', 'box/boxes/m'],
    [box, 'box', 'box/box'],
    [box, 'm:nitro', 'box/m:nitro'],
    [box, 'rotation/a/b', 'box/rotation/a/b'],
    [rotation, 'main', 'rotation/main'],
    [rotation, 'main:floor', 'rotation/main:floor'],
    [rotation, 'rotation/main', 'rotation/main'],
    [rotation, 'rotations/main', 'rotations/main'],
    [rotation, 'user-rotation/main', 'user-rotation/main'],
    [rotation, 'ann/rotation/main', 'ann/rotation/main'],
    [rotation, 'rotation', 'rotation/rotation'],
    [rotation, 'box/m', 'rotation/box/m'],
    [rotation, 'autoselect/fast', 'rotation/autoselect/fast'],
    [autoselect, 'fast', 'autoselect/fast'],
    [autoselect, 'autoselections/fast', 'autoselections/fast'],
    [autoselect, 'ann/autoselect/mine', 'ann/autoselect/mine'],
    [autoselect, 'rotation/main', 'autoselect/rotation/main'],
  ] as const)('reads at %j the name %s as %s', (place, name, route) => {
    expect(routeAt(place, name)).toBe(route);
  });

  it.each([
    'rotation/main',
    'autoselect/fast',
    'import/mine',
    'provider/rig/m',
    'box/rotation/main',
  ])("makes nothing of %s at a provider's, since the route would mean something else", (name) => {
    expect(routeAt(box, name)).toBeUndefined();
  });

  it('makes nothing of a name that is too long for any route', () => {
    expect(routeAt(box, 'm'.repeat(508))).toHaveLength(512);
    expect(routeAt(box, 'm'.repeat(509))).toBeUndefined();
  });

  it('takes what it has given for what it is', () => {
    const run = fc.property(places, names, (place, name) => {
      const route = routeAt(place, name);
      if (route === undefined) return;
      expect(routeAt(place, route)).toBe(route);
      expect(isAt(place, route)).toBe(true);
    });
    fc.assert(run, { numRuns: 1_000 });
  });

  it('leads out of no place', () => {
    const run = fc.property(places, names, (place, name) => {
      const route = routeAt(place, name);
      if (route === undefined || place.kind === 'anywhere') return;
      const [first, second] = route.split('/');
      if (place.kind === 'provider') expect(first).toBe(place.provider);
      else
        expect(`${first}/${second}`).toMatch(
          new RegExp(`^(user-)?${place.kind}|^[^/]+/${place.kind}$`),
        );
    });
    fc.assert(run, { numRuns: 1_000 });
  });
});

describe(bodyAt, () => {
  const read = (body: JsonBody) => ({ text: JSON.stringify(body), body });

  it('makes of a body the one that /v1 would have got, to the byte', () => {
    const run = fc.property(
      places,
      names,
      fc.array(names, { maxLength: 4 }),
      fc.dictionary(fc.string(), fc.jsonValue()),
      (place, model, models, others) => {
        const written = read({ ...others, model, models });
        const route = routeAt(place, model);
        if (route === undefined) {
          return expect(() => bodyAt(place, written)).toThrow('There is no such model');
        }
        const routes = models.flatMap((one) => routeAt(place, one) ?? []);
        const inFull = read({ ...others, model: route, models: routes });
        expect(bodyAt(place, written)).toEqual(inFull);
        expect(bodyAt(anywhere, inFull)).toEqual(inFull);
        expect(bodyAt(place, inFull)).toEqual(inFull);
      },
    );
    fc.assert(run, { numRuns: 500 });
  });

  it('leaves every other byte as it came', () => {
    const text = '{ "seed":12345678901234567890,"model" : "m", "x":{"model":"m"} }';
    const body = JSON.parse(text) as JsonBody;
    expect(bodyAt(box, { text, body }).text).toBe(text.replace('"m"', '"box/m"'));
  });

  it('leaves what is no list of routes to those who refuse it', () => {
    for (const models of ['m', [7], [''], [null], [['m']], ['m'.repeat(513)], { 0: 'm' }]) {
      expect(bodyAt(box, read({ model: 'm', models })).body.models).toEqual(models);
    }
  });
});
