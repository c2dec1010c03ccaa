import { type JsonObject, parseJson, toInteger, toObject } from './json-value.js';
import type { Reply } from './reply.js';

/** One model that a worker offers. */
export type ReportedModel = Readonly<{ name: string; contextTokensMax: number | null }>;

const modelsMax = 2000;
/** The names of all models together fit into one event on the bus with room to spare. */
const namesBytesMax = 262_144;
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
  let bytes = 0;
  for (const entry of list) {
    const model = readModel(entry);
    if (!model || models.has(model.name)) continue;
    bytes += Buffer.byteLength(model.name);
    if (models.size >= modelsMax || bytes > namesBytesMax) break;
    models.set(model.name, model);
  }
  return [...models.values()];
}

function readModel(entry: unknown): ReportedModel | undefined {
  const object = toObject(entry);
  const name = object ? (object.id ?? object.name ?? object.model) : entry;
  if (typeof name !== 'string' || !modelName.test(name)) return undefined;
  return { name, contextTokensMax: (object && contextOf(object)) ?? null };
}

function contextOf(model: JsonObject): number | undefined {
  const meta = toObject(model.meta) ?? {};
  for (const field of contextFields) {
    const stated = toInteger(model[field] ?? meta[field], 1, 1_000_000_000);
    if (stated !== undefined) return stated;
  }
  return undefined;
}
