import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Choice, offerName, offersOf } from './choice.js';
import { laidOut } from './laid-choice.js';
import type { Line } from './line.js';
import type { Offer } from './offer.js';
import type { Upstream } from './upstream.js';
import { upstreamOrder } from './upstream-order.js';
import { type RandomSource, randomByName, randomFromSeed } from './weighted-order.js';

const offerOf = (name: string) => ({ provider: { id: name }, model: 'm' }) as Offer;
const offerChoice = (name: string): Choice => ({ kind: 'offer', offer: offerOf(name) });

type Willing = (offer: Offer) => Line<Upstream>;

/** Each offer has some machines, named after it. */
function machines(counts: Readonly<Record<string, number>>): Willing {
  const byName = new Map(
    Object.entries(counts).map(([name, count]) => {
      const offer = offerOf(name);
      const all = Array.from({ length: count }, (_, at) => ({ offer, modelThere: `${name}${at}` }));
      return [offerName(offer), all as unknown as readonly Upstream[]];
    }),
  );
  return (offer) => byName.get(offerName(offer)) ?? [];
}

function orderOf(choice: Choice, willing: Willing, random: RandomSource): Line<Upstream> {
  const { part, offers } = laidOut(choice);
  const lines = offers.map(({ offer }) => willing(offer));
  return upstreamOrder(part, lines, random);
}

const namesOf = (order: Iterable<Upstream>) => [...order].map(({ modelThere }) => modelThere);

const pool = (
  members: Readonly<Record<string, number | readonly [weight: number, priority: number]>>,
): Choice => ({
  kind: 'pool',
  members: Object.entries(members).map(([name, share]) => {
    const [weight, priority] = typeof share === 'number' ? [share, 0] : share;
    return { name, choice: offerChoice(name), weight, priority };
  }),
});

const leaf = fc.constantFrom('a', 'b', 'c', 'd', 'e').map(offerChoice);
const { choice: anyChoice } = fc.letrec<{ choice: Choice }>((tie) => ({
  choice: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc
      .array(tie('choice'), { minLength: 1, maxLength: 4 })
      .map((choices): Choice => ({ kind: 'sequence', choices })),
    fc
      .array(
        fc.record({
          name: fc.string(),
          choice: tie('choice'),
          weight: fc.integer({ min: 1, max: 9 }),
          priority: fc.integer({ min: 0, max: 2 }),
        }),
        { minLength: 1, maxLength: 4 },
      )
      .map((members): Choice => ({ kind: 'pool', members })),
  ),
}));

describe(upstreamOrder, () => {
  it('names everybody that a choice leads to, and nobody else', () => {
    const counts = { a: 1, b: 2, c: 0, d: 3, e: 1 };
    const run = fc.property(anyChoice, fc.string(), (choice, seed) => {
      const willing = machines(counts);
      const expected = offersOf(choice).flatMap((offer) => [...willing(offer)]);
      expect(new Set(orderOf(choice, willing, randomFromSeed(seed)))).toEqual(new Set(expected));
    });
    fc.assert(run);
  });

  it('asks one of each before a second of any', () => {
    const choice = pool({ a: 1, b: 5, c: 9 });
    const order = namesOf(orderOf(choice, machines({ a: 3, b: 1, c: 2 }), randomFromSeed('x')));
    expect(order.slice(0, 3).sort()).toEqual(['a0', 'b0', 'c0']);
    expect(order.slice(3, 5).sort()).toEqual(['a1', 'c1']);
    expect(order[5]).toBe('a2');
  });

  it('asks a later priority only after all of an earlier one', () => {
    const choice = pool({ late: [1_000_000, 7], soon: [1, 2], last: [1_000_000, 9] });
    for (const seed of ['1', '2', '3', '4']) {
      const order = orderOf(choice, machines({ late: 1, soon: 2, last: 1 }), randomFromSeed(seed));
      expect(namesOf(order)).toEqual(['soon0', 'soon1', 'late0', 'last0']);
    }
  });

  it('keeps the order of a list of routes', () => {
    const choice: Choice = { kind: 'sequence', choices: [offerChoice('b'), offerChoice('a')] };
    const order = orderOf(choice, machines({ a: 2, b: 1 }), randomFromSeed('x'));
    expect(namesOf(order)).toEqual(['b0', 'a0', 'a1']);
  });

  it('gives a pool within a pool the share of one member', () => {
    const choice: Choice = {
      kind: 'pool',
      members: [
        { name: 'inner', choice: pool({ a: 1, b: 1 }), weight: 1, priority: 0 },
        { name: 'c', choice: offerChoice('c'), weight: 1, priority: 0 },
      ],
    };
    const willing = machines({ a: 1, b: 1, c: 1 });
    const rounds = 10_000;
    const random = randomFromSeed('shares');
    let ofC = 0;
    for (let round = 0; round < rounds; round += 1) {
      if (namesOf(orderOf(choice, willing, random))[0] === 'c0') ofC += 1;
    }
    // Four standard deviations of a fair coin.
    expect(Math.abs(ofC - rounds / 2)).toBeLessThan(200);
  });
});

describe('one conversation', () => {
  const counts = { a: 1, b: 1, c: 1, d: 1 };
  const choice = pool({ a: 1, b: 2, c: 3, d: 4 });
  const firstOf = (key: string, left: Readonly<Record<string, number>>) =>
    namesOf(orderOf(choice, machines(left), randomByName(key)))[0];

  it('goes to the same as long as that is there, and moves only from what has gone', () => {
    const run = fc.property(fc.string(), fc.constantFrom('a', 'b', 'c', 'd'), (key, gone) => {
      const before = firstOf(key, counts);
      const after = firstOf(key, { ...counts, [gone]: 0 });
      if (before === `${gone}0`) expect(after).not.toBe(before);
      else expect(after).toBe(before);
    });
    fc.assert(run);
  });

  it('is one of many that are shared out by weight', () => {
    const rounds = 10_000;
    const firsts = Array.from({ length: rounds }, (_, at) => firstOf(`talk ${at}`, counts));
    const chiSquare = Object.entries({ a: 1, b: 2, c: 3, d: 4 }).reduce((sum, [name, weight]) => {
      const expected = (rounds * weight) / 10;
      const count = firsts.filter((first) => first === `${name}0`).length;
      return sum + (count - expected) ** 2 / expected;
    }, 0);
    // What a true promise of three degrees of freedom exceeds once in a thousand times.
    expect(chiSquare).toBeLessThan(16.266);
  });
});
