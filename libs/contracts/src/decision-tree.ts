import { z } from 'zod';
import { Name } from './field.js';
import { ContextClass, PrivateKind, Subject } from './signals.js';

/** Levels of one tree. Nobody reads more, and a reader that follows them needs no more of its stack. */
const levelsMax = 8;
/** Parts of one tree, so that all decisions of a request together take microseconds. */
const nodesMax = 128;

const leaf = <Name extends z.ZodType, Op extends z.ZodType, Value extends z.ZodType>(
  signal: Name,
  op: Op,
  value: Value,
) => z.strictObject({ signal, op, value });

const word = z.string().min(1).max(128);
const words = z.array(word).min(1).max(64);

/** One thing that is or is not so. Each signal is asked in the way that its kind allows. */
export const Condition = z.union([
  leaf(
    z.enum(['promptTokens', 'turns', 'codeShare', 'mathsShare']),
    z.enum(['at_least', 'at_most']),
    z.number().min(0).max(1_000_000_000_000),
  ),
  leaf(z.enum(['hasTools', 'isStructured', 'isPrivate', 'isCut']), z.literal('is'), z.boolean()),
  leaf(z.literal('contextClass'), z.literal('is'), ContextClass),
  leaf(z.literal('subjects'), z.literal('has'), Subject),
  leaf(z.literal('classes'), z.literal('has'), Name),
  leaf(z.literal('private'), z.literal('has'), PrivateKind),
  leaf(z.literal('inputs'), z.literal('has'), z.enum(['image', 'audio', 'video'])),
  leaf(z.literal('language'), z.literal('in'), words),
  leaf(
    z
      .string()
      .regex(
        /^metadata\.[\w.-]{1,64}$/,
        'one of the signals, or `metadata.` and a name',
      ) as z.ZodType<`metadata.${string}`, string>,
    z.literal('in'),
    words,
  ),
]);
export type Condition = z.infer<typeof Condition>;

/** Conditions and how they go together. */
export type DecisionTree =
  | Condition
  | { all: DecisionTree[] }
  | { any: DecisionTree[] }
  | { not: DecisionTree };

const parts = z
  .array(z.lazy((): z.ZodType<DecisionTree> => DecisionTree))
  .min(1)
  .max(16);

/** To be read through `BoundedTree` wherever it comes from outside. */
export const DecisionTree: z.ZodType<DecisionTree> = z.union([
  z.strictObject({ all: parts }),
  z.strictObject({ any: parts }),
  z.strictObject({ not: z.lazy((): z.ZodType<DecisionTree> => DecisionTree) }),
  Condition,
]);

/** The same, looked at for its size before anything follows its levels. */
export const BoundedTree = z.preprocess((value, context) => {
  if (!isTooLarge(value)) return value;
  context.addIssue({
    code: 'custom',
    message: `at most ${levelsMax} levels and ${nodesMax} parts`,
  });
  return z.NEVER;
}, DecisionTree);

function isTooLarge(tree: unknown): boolean {
  let level: unknown[] = [tree];
  let nodes = 0;
  for (let depth = 0; level.length > 0; depth += 1) {
    nodes += level.length;
    if (depth >= levelsMax || nodes > nodesMax) return true;
    level = level.flatMap(within);
  }
  return false;
}

function within(tree: unknown): readonly unknown[] {
  if (typeof tree !== 'object' || tree === null) return [];
  const { all, any, not } = tree as Readonly<Record<string, unknown>>;
  return [all, any].flatMap((list) => (Array.isArray(list) ? list : [])).concat(not ?? []);
}
