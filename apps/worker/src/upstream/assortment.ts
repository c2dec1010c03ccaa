import type { Alias } from '../settings.js';
import type { ListedModel } from './listed-model.js';

export type Assortment = Readonly<{
  /** The upstream's own names that may be sold; none named means all of them. */
  allowed: readonly string[];
  aliases: readonly Alias[];
}>;

/**
 * What the market may see of the upstream's list: every alias, and the allowed models under their own
 * names; without a list of allowed ones, all that have no alias.
 */
export function offer(
  listed: readonly ListedModel[],
  { allowed, aliases }: Assortment,
): readonly ListedModel[] {
  const aliased = aliases.flatMap(({ name, upstreamName }) => {
    const model = findModel(listed, upstreamName);
    return model === undefined ? [] : [{ ...model, id: name }];
  });
  const isTaken = (id: string): boolean => aliases.some(({ name }) => name === id);
  if (allowed.length > 0) {
    const own = allowed.flatMap((id) => {
      const model = isTaken(id) ? undefined : findModel(listed, id);
      return model === undefined ? [] : [{ ...model, id }];
    });
    return [...aliased, ...own];
  }
  const isHidden = (id: string): boolean =>
    aliases.some(({ upstreamName }) => isSame(id, upstreamName));
  return [...aliased, ...listed.filter(({ id }) => !isHidden(id) && !isTaken(id))];
}

/** What the upstream calls the model that the market names so; undefined where it is not for sale. */
export function upstreamName(name: string, { allowed, aliases }: Assortment): string | undefined {
  const alias = aliases.find((candidate) => candidate.name === name);
  if (alias !== undefined) return alias.upstreamName;
  if (allowed.length > 0) return allowed.includes(name) ? name : undefined;
  const isHidden = aliases.some(({ upstreamName }) => isSame(name, upstreamName));
  return isHidden ? undefined : name;
}

/** Whether there are models that a buyer must not reach, so that his words have to be looked at twice. */
export function isRestricted({ allowed, aliases }: Assortment): boolean {
  return allowed.length > 0 || aliases.length > 0;
}

/** Those of the seller's names that the upstream does not know. */
export function missingNames(
  listed: readonly ListedModel[],
  { allowed, aliases }: Assortment,
): readonly string[] {
  const wanted = [...allowed, ...aliases.map(({ upstreamName }) => upstreamName)];
  return [...new Set(wanted)].filter((name) => findModel(listed, name) === undefined);
}

function findModel(listed: readonly ListedModel[], name: string): ListedModel | undefined {
  return listed.find(({ id }) => id === name) ?? listed.find(({ id }) => isSame(id, name));
}

/** Ollama lists `llama3:latest` and serves it as `llama3` too. */
function isSame(id: string, name: string): boolean {
  return id === name || id === `${name}:latest` || name === `${id}:latest`;
}
