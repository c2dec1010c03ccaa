import type { WorkHead } from '@aisbf/broker-protocol';

/** How a path is asked of a worker. */
export type WorkerEndpoint = Readonly<{ op: WorkHead['op'] }>;

/** Only what is listed is ever forwarded: a worker's other paths are its owner's. */
const endpoints: ReadonlyMap<string, WorkerEndpoint> = new Map([
  ['POST /v1/chat/completions', { op: 'chat.completions' }],
]);

export function workerEndpoint(method: string, path: string): WorkerEndpoint | undefined {
  return endpoints.get(`${method} ${path}`);
}
