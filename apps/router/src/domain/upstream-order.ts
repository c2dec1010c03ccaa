import type { PoolMember } from './choice.js';
import type { LaidPart } from './laid-choice.js';
import { type Line, ToldLine } from './line.js';
import type { Upstream } from './upstream.js';
import { orderedByWeight, type RandomSource } from './weighted-order.js';

/** By the places of offers: who can serve each of them, the most willing first. */
export type Willing = readonly Line<Upstream>[];

/**
 * The order in which a choice has its upstreams asked. In a pool, by weight among those of the least
 * priority that have anybody, then one more of each in turn: another owner's machine fails less likely for
 * the same reason than another one of the same. All is drawn at once; what nobody looks at is not sorted.
 */
export function upstreamOrder(
  part: LaidPart,
  willing: Willing,
  random: RandomSource,
): Line<Upstream> {
  if (typeof part === 'number') return willing[part] ?? [];
  const lines = part.parts.map((one) => upstreamOrder(one, willing, random));
  return part.kind === 'sequence' ? oneAfterOther(lines) : poolOrder(part.members, lines, random);
}

/** Members of a pool that have anybody, and whom. */
type Options = Readonly<{ members: readonly PoolMember[]; lines: readonly Line<Upstream>[] }>;

function poolOrder(
  members: readonly PoolMember[],
  lines: readonly Line<Upstream>[],
  random: RandomSource,
): Line<Upstream> {
  const groups = byPriority({ members, lines });
  return oneAfterOther(groups.map((options) => drawn(options, random)));
}

/** Those of the least number first, without those that have nobody. */
function byPriority(all: Options): readonly Options[] {
  const [first] = all.members;
  const isOne = all.members.every(({ priority }) => priority === first?.priority);
  if (isOne && all.lines.every(({ length }) => length > 0)) return [all];
  const places = all.members
    .map((member, place) => ({ member, line: all.lines[place] ?? [] }))
    .filter(({ line }) => line.length > 0);
  return [...Map.groupBy(places, ({ member }) => member.priority)]
    .sort(([left], [right]) => left - right)
    .map(([, equals]) => ({
      members: equals.map(({ member }) => member),
      lines: equals.map(({ line }) => line),
    }));
}

function drawn({ members, lines }: Options, random: RandomSource): Line<Upstream> {
  const order = orderedByWeight(lines, (_line, place) => members[place] as PoolMember, random);
  return new ToldLine(lengthOf(lines), inTurn(order));
}

function oneAfterOther(lines: readonly Line<Upstream>[]): Line<Upstream> {
  const [only] = lines;
  return only && lines.length === 1 ? only : new ToldLine(lengthOf(lines), throughAll(lines));
}

function* throughAll(lines: readonly Line<Upstream>[]): Generator<Upstream> {
  for (const line of lines) yield* line;
}

/** The first of each, then the second of each, and so on. */
function* inTurn(lines: Line<Line<Upstream>>): Generator<Upstream> {
  for (let round = 0, isOver = false; !isOver; round += 1) {
    isOver = true;
    for (let place = 0; place < lines.length; place += 1) {
      const upstream = lines.at(place)?.at(round);
      if (!upstream) continue;
      isOver = false;
      yield upstream;
    }
  }
}

function lengthOf(lines: readonly Line<Upstream>[]): number {
  return lines.reduce((sum, { length }) => sum + length, 0);
}
