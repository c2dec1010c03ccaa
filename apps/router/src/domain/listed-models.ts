import { isObject } from '@aisbf/openai';

/** More than anybody offers. */
const listedMax = 20_000;

/** The names in a list of models, in any of the customary forms; undefined where it is none. */
export function readListedModels(text: string): ReadonlySet<string> | undefined {
  const body = parsed(text);
  const list = Array.isArray(body) ? body : isObject(body) ? (body.data ?? body.models) : undefined;
  if (!Array.isArray(list)) return undefined;
  return new Set(list.slice(0, listedMax).flatMap(nameOf));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The caller asks whether this is a list at all.
    return undefined;
  }
}

function nameOf(entry: unknown): readonly string[] {
  if (typeof entry === 'string') return [entry];
  if (!isObject(entry)) return [];
  const name = [entry.id, entry.name, entry.model].find((each) => typeof each === 'string');
  return typeof name === 'string' ? [name] : [];
}
