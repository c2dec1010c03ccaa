/**
 * Gives a number in [0, 1) to whatever is drawn, by its name where that matters. The same seed gives the same
 * numbers, so that a decision can be replayed.
 */
export type RandomSource = (name: string) => number;

/** A small generator (mulberry32) of a request's own: decisions of different requests are independent. */
export function randomFromSeed(seed: string): RandomSource {
  let state = 2_166_136_261;
  for (let index = 0; index < seed.length; index += 1) {
    state = Math.imul(state ^ seed.charCodeAt(index), 16_777_619);
  }
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * Gives the same name the same number whenever it is asked and by whomever: what is drawn with it comes out the
 * same for one key as long as the same things are there, and moves only from what has gone.
 */
export function randomByName(key: string): RandomSource {
  return (name) => {
    const draw = randomFromSeed(`${key}\n${name}`);
    draw(name);
    return draw(name);
  };
}

/**
 * Draws all of them, one after the other and without putting back, each time with a chance in proportion
 * to the weight: twice the weight stands first twice as often. (Efraimidis and Spirakis: the order of
 * exponential waiting times with the weights as rates.)
 */
export function weightedOrder<Item extends Readonly<{ name: string; weight: number }>>(
  items: readonly Item[],
  random: RandomSource,
): readonly Item[] {
  if (items.length < 2) return items;
  return items
    .map((item) => ({ item, waiting: -Math.log(1 - random(item.name)) / item.weight }))
    .sort((left, right) => left.waiting - right.waiting)
    .map(({ item }) => item);
}
