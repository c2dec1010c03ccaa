import type { ModelFacts } from '@aisbf/contracts';

/**
 * What a buyer may rely on, whichever of these serves: lists keep what all have, figures the least, texts
 * stay where all say the same. Who says nothing of a thing does not count for it, and what then is left
 * empty is not told.
 */
export function commonFacts(told: readonly ModelFacts[]): ModelFacts {
  const facts: Loose = {
    inputs: shared(told.map(({ inputs }) => inputs)),
    outputs: shared(told.map(({ outputs }) => outputs)),
    hasTools: joined(
      told.map(({ hasTools }) => hasTools),
      (left, right) => left && right,
    ),
    parameters: shared(told.map(({ parameters }) => parameters)),
    outputTokensMax: least(told.map(({ outputTokensMax }) => outputTokensMax)),
    parameterSize: same(told.map(({ parameterSize }) => parameterSize)),
    quantization: same(told.map(({ quantization }) => quantization)),
    architecture: same(told.map(({ architecture }) => architecture)),
  };
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
}

type Loose = { readonly [name in keyof ModelFacts]: ModelFacts[name] | undefined };
type Maybe<Value> = Value | null | undefined;

export function least(values: readonly Maybe<number>[]): number | undefined {
  return joined(values, (left, right) => Math.min(left, right));
}

/** What stands in all of these lists, in the order of the first. */
export function shared(lists: readonly Maybe<readonly string[]>[]): string[] | undefined {
  const common = joined(lists, (left, right) => left.filter((word) => right.includes(word)));
  return common && common.length > 0 ? [...common] : undefined;
}

function same(texts: readonly Maybe<string>[]): string | undefined {
  const distinct = new Set(texts.filter((text) => text !== undefined && text !== null));
  const [only] = distinct;
  return distinct.size === 1 ? only : undefined;
}

function joined<Value extends boolean | number | readonly string[]>(
  values: readonly Maybe<Value>[],
  join: (left: Value, right: Value) => Value,
): Value | undefined {
  const [first, ...rest] = values.filter((value): value is Value => value != null);
  return first === undefined ? undefined : rest.reduce(join, first);
}
