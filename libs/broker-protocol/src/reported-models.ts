import { type JsonObject, parseJson, toInteger, toObject } from './json-value.js';
import type { Reply } from './reply.js';
import { type ReportedFacts, readFacts } from './reported-facts.js';

/** One model that a worker offers. */
export type ReportedModel = Readonly<{ name: string; contextTokensMax: number | null }> &
  ReportedFacts;

const modelsMax = 2000;
/** The names of all models together fit into one event on the bus with room to spare. */
const namesBytesMax = 262_144;
/** So does what is said of them: the models after this have their names and contexts only. */
const factsBytesMax = 196_608;
const modelName = /^[^\s\p{Cc}]{1,256}$/u;
/** What engines call the length of a model's context. */
const contextFields = [
  'context_length',
  'max_model_len',
  'context_window',
  'max_context_length',
  'max_context_tokens',
  'n_ctx',
] as const;

/** Reads the answer to `models.list`; undefined where it is no list of models. Unusable names are left out. */
export function readModels(reply: Reply): readonly ReportedModel[] | undefined {
  if (reply.status >= 400) return undefined;
  const parsed = parseJson(reply.body.toString())?.value;
  const object = toObject(parsed);
  const list = Array.isArray(parsed) ? parsed : (object?.data ?? object?.models);
  if (!Array.isArray(list)) return undefined;
  const models = new Map<string, ReportedModel>();
  let nameBytes = 0;
  let factsBytes = 0;
  for (const entry of list) {
    const name = nameOf(entry);
    if (name === undefined || models.has(name)) continue;
    nameBytes += Buffer.byteLength(name);
    if (models.size >= modelsMax || nameBytes > namesBytesMax) break;
    const object = toObject(entry) ?? {};
    const facts = readFacts(object);
    factsBytes += Buffer.byteLength(JSON.stringify(facts));
    const model = { name, contextTokensMax: contextOf(object) ?? null };
    models.set(name, factsBytes <= factsBytesMax ? { ...model, ...facts } : model);
  }
  return [...models.values()];
}

function nameOf(entry: unknown): string | undefined {
  const object = toObject(entry);
  const name = object ? (object.id ?? object.name ?? object.model) : entry;
  return typeof name === 'string' && modelName.test(name) ? name : undefined;
}

function contextOf(model: JsonObject): number | undefined {
  const meta = toObject(model.meta) ?? {};
  for (const field of contextFields) {
    const stated = toInteger(model[field] ?? meta[field], 1, 1_000_000_000);
    if (stated !== undefined) return stated;
  }
  return undefined;
}
