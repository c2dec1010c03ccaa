import {
  type JsonObject,
  parseJson,
  toInteger,
  toObject,
  toText,
  writeJson,
} from './json-value.js';
import type { Reply } from './reply.js';
import { readServedPaths } from './served-paths.js';

/** What a worker says that it can do, in our own shape. */
export type ReportedCapabilities = Readonly<{
  server: string | null;
  version: string | null;
  transports: readonly string[];
  /** Operations beyond the plain protocol, `cancel` for one. */
  operations: readonly string[];
  /** Forms of frames beyond the plain protocol, `binary-frames` for one. */
  extensions: readonly string[];
  /** Endpoints beside chat, as the worker names them. */
  endpoints: readonly string[];
  /** The paths that all of this says it serves; null where it says nothing of that. */
  paths: readonly string[] | null;
  /** The largest frame that it takes; null where it keeps to its library's default. */
  frameBytesMax: number | null;
  /** How many requests it wants at once; null where it does not say. */
  concurrencyMax: number | null;
  /** Everything that it said, as JSON text, for the seller's eyes; null where that is too much to keep. */
  stated: string | null;
}>;

/** Kept for every session, of which there are thousands. */
const statedLengthMax = 16_384;
const namesMax = 256;
const nameLengthMax = 128;
/** No WebSocket library takes less by default, and nobody should offer more. */
const frameBytes = { min: 65_536, max: 1_073_741_824 };
const concurrency = { min: 1, max: 10_000 };

/** Reads capabilities in any of their forms; null where there are none. */
export function readCapabilities(value: unknown): ReportedCapabilities | null {
  const object = toObject(value);
  if (!object || Object.keys(object).length === 0) return null;
  const limits = toObject(object.limits) ?? {};
  const stated = writeJson(object);
  return {
    server: nameOf(object.server),
    version: toText(object.version, nameLengthMax) ?? versionOf(object.server),
    transports: readNames(object.transports),
    operations: readNames(object.operations),
    extensions: readNames(object.extensions),
    endpoints: readNames(toObject(object.studio)?.endpoints ?? object.endpoints),
    paths: readServedPaths(object),
    frameBytesMax: toInteger(limits.max_frame_bytes, frameBytes.min, frameBytes.max) ?? null,
    concurrencyMax: concurrencyOf(limits) ?? concurrencyOf(object) ?? null,
    stated: stated !== undefined && stated.length <= statedLengthMax ? stated : null,
  };
}

/** Reads the answer to the operation of that name. */
export function readCapabilitiesReply(reply: Reply): ReportedCapabilities | null {
  return reply.status >= 400 ? null : readCapabilities(parseJson(reply.body.toString())?.value);
}

function nameOf(server: unknown): string | null {
  return toText(toObject(server)?.name ?? server, nameLengthMax) ?? null;
}

function versionOf(server: unknown): string | null {
  return toText(toObject(server)?.version, nameLengthMax) ?? null;
}

function concurrencyOf(object: JsonObject): number | undefined {
  const stated = object.concurrency ?? object.max_concurrency ?? object.max_concurrent_requests;
  return toInteger(stated, concurrency.min, concurrency.max);
}

/** A list of names, or an object whose keys are the names and whose values say whether they hold. */
export function readNames(value: unknown): readonly string[] {
  const names = Array.isArray(value)
    ? value
    : Object.entries(toObject(value) ?? {}).flatMap(([name, holds]) => (holds ? [name] : []));
  return names
    .filter((name): name is string => typeof name === 'string' && name.length <= nameLengthMax)
    .slice(0, namesMax);
}
