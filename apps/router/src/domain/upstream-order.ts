import { type Choice, offerName } from './choice.js';
import type { Upstream } from './upstream.js';
import { type RandomSource, weightedOrder } from './weighted-order.js';

/** Who can serve, by the name of the offer; the most willing first. */
export type Willing = ReadonlyMap<string, readonly Upstream[]>;

/**
 * The order in which a choice has its upstreams asked. In a pool, by weight among those of the least
 * priority that have anybody, then one more of each in turn: another owner's machine fails less likely for
 * the same reason than another one of the same.
 */
export function upstreamOrder(
  choice: Choice,
  willing: Willing,
  random: RandomSource,
): readonly Upstream[] {
  switch (choice.kind) {
    case 'offer':
      return willing.get(offerName(choice.offer)) ?? [];
    case 'sequence':
      return choice.choices.flatMap((one) => upstreamOrder(one, willing, random));
    case 'pool': {
      const options = choice.members
        .map((member) => ({ ...member, upstreams: upstreamOrder(member.choice, willing, random) }))
        .filter(({ upstreams }) => upstreams.length > 0);
      const byPriority = [...Map.groupBy(options, ({ priority }) => priority)];
      return byPriority
        .sort(([left], [right]) => left - right)
        .flatMap(([, equals]) =>
          inTurn(weightedOrder(equals, random).map(({ upstreams }) => upstreams)),
        );
    }
    default:
      return choice satisfies never;
  }
}

/** The first of each, then the second of each, and so on. */
function inTurn(queues: readonly (readonly Upstream[])[]): readonly Upstream[] {
  const [only] = queues;
  if (only && queues.length === 1) return only;
  const rounds = Math.max(0, ...queues.map(({ length }) => length));
  return Array.from({ length: rounds }, (_, round) =>
    queues.flatMap((queue) => queue[round] ?? []),
  ).flat();
}
