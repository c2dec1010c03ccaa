import type { Line } from './line.js';
import { codesOf } from './name-codes.js';
import { RankedLine } from './ranked-line.js';

/**
 * Gives a number in [0, 1) to whatever is drawn, by its name where that matters. The same seed gives the same
 * numbers, so that a decision can be replayed.
 */
export type RandomSource = (name: string) => number;

/** Where the hash of nothing begins (FNV-1a). */
const hashOfNothing = 2_166_136_261;

/** A small generator (mulberry32) of a request's own: decisions of different requests are independent. */
export function randomFromSeed(seed: string): RandomSource {
  return numbersFrom(hashed(hashOfNothing, seed));
}

/**
 * Gives the same name the same number whenever it is asked and by whomever: what is drawn with it comes out the
 * same for one key as long as the same things are there, and moves only from what has gone.
 */
export function randomByName(key: string): RandomSource {
  const begun = hashed(hashOfNothing, `${key}\n`);
  return (name) => {
    const state = nextState(hashedCodes(begun, codesOf(name)));
    return numberOf(nextState(state));
  };
}

/** Goes on with a hash. */
function hashed(begun: number, text: string): number {
  let state = begun;
  for (let index = 0; index < text.length; index += 1) {
    state = Math.imul(state ^ text.charCodeAt(index), 16_777_619);
  }
  return state;
}

function hashedCodes(begun: number, codes: Uint16Array): number {
  let state = begun;
  for (const code of codes) state = Math.imul(state ^ code, 16_777_619);
  return state;
}

function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = nextState(state);
    return numberOf(state);
  };
}

function nextState(state: number): number {
  return (state + 0x6d2b79f5) | 0;
}

function numberOf(state: number): number {
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
}

/** What is drawn by weight. */
type Weighted = Readonly<{ name: string; weight: number }>;

/**
 * Draws all of them, one after the other and without putting back, each time with a chance in proportion
 * to the weight: twice the weight stands first twice as often. (Efraimidis and Spirakis: the order of
 * exponential waiting times with the weights as rates.) Each has its number drawn at once, in this order.
 */
export function weightedOrder<Item extends Weighted>(
  items: readonly Item[],
  random: RandomSource,
): Line<Item> {
  return orderedByWeight(items, (item) => item, random);
}

/** The same of things that have their names and weights elsewhere. */
export function orderedByWeight<Item>(
  items: readonly Item[],
  weightedOf: (item: Item, place: number) => Weighted,
  random: RandomSource,
): Line<Item> {
  if (items.length < 2) return items;
  const waiting = items.map((item, place) => {
    const { name, weight } = weightedOf(item, place);
    return -Math.log(1 - random(name)) / weight;
  });
  return new RankedLine(items, waiting);
}
