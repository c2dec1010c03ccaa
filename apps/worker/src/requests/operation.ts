import type { WorkerCapabilities, WorkFrame } from '@aisbf/broker-protocol';
import type { ModelList } from '../upstream/model-list.js';
import { isHeaderValue, type Upstream } from '../upstream/upstream.js';
import { unknownModel, withUpstreamModel } from './chosen-model.js';
import { readProxyRequest } from './proxy-request.js';
import { relay } from './relay.js';
import type { Reply, WholeAnswer } from './reply.js';

/** What operations work with; the same for all requests. */
export type Engine = Readonly<{
  upstream: Upstream;
  models: ModelList;
  capabilities: WorkerCapabilities;
  proxyPaths: readonly string[];
  answerBytesMax: number;
  heldBytesMax: number;
  isPlain: boolean;
}>;

export type Operation = Readonly<{
  /** Takes one of the places that `--concurrency` gives; looks into memory do not. */
  isWork: boolean;
  run: (engine: Engine, work: WorkFrame, reply: Reply, signal: AbortSignal) => Promise<void>;
}>;

const operations: ReadonlyMap<string, Operation> = new Map([
  ['models.list', { isWork: false, run: listModels }],
  ['capabilities', { isWork: false, run: tellCapabilities }],
  ['chat.completions', { isWork: true, run: completeChat }],
  ['proxy', { isWork: true, run: proxy }],
]);

export function findOperation(op: string): Operation | undefined {
  return operations.get(op);
}

/** The names that a broker may use, told at registration. */
export const operationNames: readonly string[] = [...operations.keys(), 'cancel', 'drain'];

async function listModels({ models }: Engine, _work: WorkFrame, reply: Reply): Promise<void> {
  reply.answer(jsonAnswer({ object: 'list', data: models.offered }));
}

async function tellCapabilities(engine: Engine, _work: WorkFrame, reply: Reply): Promise<void> {
  reply.answer(jsonAnswer(engine.capabilities));
}

async function completeChat(
  engine: Engine,
  { payload, payloadText, isStream, requestId }: WorkFrame,
  reply: Reply,
  signal: AbortSignal,
): Promise<void> {
  const { upstream, models } = engine;
  const body = withUpstreamModel(payload, payloadText, models.assortment);
  if (typeof body !== 'string') return reply.error(body);
  const headers = {
    'content-type': 'application/json',
    ...(isHeaderValue(requestId) ? { 'x-request-id': requestId } : {}),
  };
  const path = 'chat/completions';
  const request = { method: 'POST', path, headers, body } as const;
  const answer = await upstream.request(request, signal);
  await relay(upstream, answer, reply, { ...engine, isStream });
}

async function proxy(
  engine: Engine,
  work: WorkFrame,
  reply: Reply,
  signal: AbortSignal,
): Promise<void> {
  const { upstream, models, proxyPaths } = engine;
  const { isStream } = work;
  const read = readProxyRequest(work, proxyPaths, models.assortment);
  if ('code' in read) return reply.error(read);
  const list = /^models(?:\/([^?]*))?(?:\?|$)/.exec(read.path);
  if (list !== null) return tellModel(models, list[1] ?? '', reply);
  const answer = await upstream.request(read, signal);
  await relay(upstream, answer, reply, { ...engine, isStream });
}

/** The upstream's own list would show what is not for sale, and under names that nobody knows. */
function tellModel(models: ModelList, name: string, reply: Reply): void {
  const model = models.offered.find(({ id }) => id === name);
  if (name === '') reply.answer(jsonAnswer({ object: 'list', data: models.offered }));
  else if (model === undefined) reply.error(unknownModel(name));
  else reply.answer(jsonAnswer(model));
}

function jsonAnswer(body: object): WholeAnswer {
  return {
    status_code: 200,
    headers: { 'content-type': 'application/json' },
    content_type: 'application/json',
    body: JSON.stringify(body),
  };
}
