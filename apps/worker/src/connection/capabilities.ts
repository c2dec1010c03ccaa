import { readFileSync } from 'node:fs';
import type { WorkerCapabilities } from '@aisbf/broker-protocol';
import { operationNames } from '../requests/operation.js';
import { extensionNames } from '../requests/terms.js';

const packageFile = new URL('../../package.json', import.meta.url);

export const workerVersion = readVersion();

export type CapabilityOptions = Readonly<{
  isPlain: boolean;
  frameBytesMax: number;
  concurrency: number;
  /** Paths beside chat that buyers are sent for. */
  endpoints: readonly string[];
}>;

/** What this worker can do. A plain one tells what the oldest supported client tells, and no more. */
export function workerCapabilities(options: CapabilityOptions): WorkerCapabilities {
  const base = {
    server: 'aisbf-worker',
    version: workerVersion,
    transports: ['websocket'],
    openai_compat: { models: true, chat_completions: true, streaming: true },
  };
  if (options.isPlain) return base;
  const limits = { max_frame_bytes: options.frameBytesMax, concurrency: options.concurrency };
  const studio = options.endpoints.length > 0 && { studio: { endpoints: options.endpoints } };
  return { ...base, ...studio, operations: operationNames, extensions: extensionNames, limits };
}

function readVersion(): string {
  const content: unknown = JSON.parse(readFileSync(packageFile, 'utf8'));
  const isNamed = typeof content === 'object' && content !== null && 'version' in content;
  return isNamed ? String(content.version) : 'unknown';
}
