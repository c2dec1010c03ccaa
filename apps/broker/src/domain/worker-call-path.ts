import { proxiedAreas, type WorkHead } from '@aisbf/broker-protocol';

/** How a path is asked of a worker. */
export type WorkerEndpoint = Readonly<{
  op: Extract<WorkHead['op'], 'chat.completions' | 'models.list' | 'proxy'>;
  path: string;
}>;

const methods: ReadonlySet<string> = new Set(['GET', 'POST', 'DELETE']);
const chatPath = '/v1/chat/completions';
const modelsPath = '/v1/models';

/**
 * Takes the path as it was sent, before anything was decoded: what could be read in two ways (an encoded
 * slash, dots, an empty part, a scheme) is nothing that a worker is asked for.
 */
export function workerEndpoint(method: string, path: string): WorkerEndpoint | undefined {
  if (method === 'POST' && path === chatPath) return { op: 'chat.completions', path };
  if (method === 'GET' && path === modelsPath) return { op: 'models.list', path };
  const [root, version, area, ...rest] = path.split('/');
  const isListed = root === '' && version === 'v1' && proxiedAreas.has(area ?? '');
  const isClean = rest.every((part) => /^[\w.~@-]+$/.test(part) && !/^\.+$/.test(part));
  return methods.has(method) && isListed && isClean ? { op: 'proxy', path } : undefined;
}
