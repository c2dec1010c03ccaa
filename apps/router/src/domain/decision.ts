import type { Condition, DecisionTree, Signals } from '@aisbf/contracts';

/** What a decision is made by. */
export type Reading = Readonly<{
  /** Null: nobody has looked at the prompt. */
  signals: Signals | null;
  promptTokens: number;
  /** Which of the autoselect's classes the question is of, by its meaning. */
  classes?: readonly string[];
}>;

/**
 * Whether a prompt counts as private: something of the kind was found in it, or it was not looked at, or not
 * at all of it. In doubt it is.
 */
export function isPrivate({ signals }: Reading): boolean {
  return !signals || signals.isCut || signals.private.length > 0;
}

/** Whether a tree holds. Of a prompt that nobody has looked at only its length and its privacy are known. */
export function holds(tree: DecisionTree, reading: Reading): boolean {
  if ('all' in tree) return tree.all.every((part) => holds(part, reading));
  if ('any' in tree) return tree.any.some((part) => holds(part, reading));
  if ('not' in tree) return !holds(tree.not, reading);
  return isSo(tree, reading);
}

function isSo(condition: Condition, reading: Reading): boolean {
  const told = known(condition.signal, reading);
  const { value } = condition;
  switch (condition.op) {
    case 'is':
      return told === value;
    case 'has':
      return Array.isArray(told) && told.includes(value);
    case 'in':
      return Array.isArray(value) && value.some((one) => one === told);
    case 'at_least':
      return typeof told === 'number' && told >= Number(value);
    case 'at_most':
      return typeof told === 'number' && told <= Number(value);
    default:
      return condition satisfies never;
  }
}

function known(name: Condition['signal'], reading: Reading): unknown {
  const { signals, promptTokens } = reading;
  if (name === 'promptTokens') return promptTokens;
  if (name === 'isPrivate') return isPrivate(reading);
  if (name === 'isCut') return !signals || signals.isCut;
  if (name === 'classes') return reading.classes;
  if (!signals) return undefined;
  if (!isMetadata(name)) return signals[name];
  const pair = name.slice(metadataPrefix.length);
  return Object.hasOwn(signals.metadata, pair) ? signals.metadata[pair] : undefined;
}

const metadataPrefix = 'metadata.';

function isMetadata(name: Condition['signal']): name is `metadata.${string}` {
  return name.startsWith(metadataPrefix);
}
