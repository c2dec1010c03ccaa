import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { internalHeaders, internalPaths } from '@aisbf/contracts';
import { readConfig } from '@aisbf/platform';
import { natsUrl } from '@aisbf/testkit';
import { startBroker } from '../src/broker.js';
import { brokerSettings } from '../src/config.js';
import { type FakePeers, startFakePeers } from './fake-peers.js';

export const internalSecret = 'a-secret-of-sixteen-or-more';

export type Stage = Readonly<{
  url: string;
  peers: FakePeers;
  broker: Awaited<ReturnType<typeof startBroker>>;
  close: () => Promise<void>;
}>;

/** A real broker on a free port, with time running faster where the test wants it. */
export async function startStage(settings: Readonly<Record<string, string>> = {}): Promise<Stage> {
  const peers = await startFakePeers();
  const broker = await startBroker(
    readConfig(brokerSettings, {
      AISBF_INTERNAL_SECRET: internalSecret,
      AISBF_NATS_URL: await natsUrl(),
      BROKER_HTTP_PORT: '0',
      BROKER_ROUTER_URL: peers.url,
      BROKER_ACCOUNTS_URL: peers.url,
      BROKER_LOG_LEVEL: 'silent',
      BROKER_VISIT_INTERVAL_MS: '20',
      BROKER_DRAIN_GRACE_MS: '1000',
      ...settings,
    }),
  );
  return {
    url: broker.url,
    peers,
    broker,
    close: async () => {
      await broker.close();
      await peers.close();
    },
  };
}

export type CallOptions = Readonly<{
  sessionId: string;
  body?: string | Buffer;
  path?: string;
  method?: string;
  isStream?: boolean;
  epoch?: number;
  isLastCandidate?: boolean;
  secret?: string;
  requestId?: string;
  headers?: Readonly<Record<string, string>>;
}>;

/** One answer of the broker's internal door, as the gateway gets it. */
export type CallAnswer = Readonly<{
  status: number;
  headers: IncomingMessage['headers'];
  fault: string | undefined;
  /** Everything that came, also where the answer was cut off. */
  text: string;
  isCut: boolean;
}>;

export type OpenCall = Readonly<{
  /** The answer's head has come. */
  response: Promise<IncomingMessage>;
  answer: Promise<CallAnswer>;
  abort: () => void;
}>;

export function openCall(brokerUrl: string, options: CallOptions): OpenCall {
  const path = options.path ?? '/v1/chat/completions';
  const request = httpRequest(
    `${brokerUrl}${internalPaths.brokerSession(options.sessionId)}${path}`,
    {
      method: options.method ?? 'POST',
      agent: false,
      headers: {
        'content-type': 'application/json',
        ...options.headers,
        [internalHeaders.secret]: options.secret ?? internalSecret,
        [internalHeaders.requestId]: options.requestId ?? 'req_1',
        [internalHeaders.isStream]: options.isStream ? '1' : '0',
        ...(options.epoch !== undefined && {
          [internalHeaders.sessionEpoch]: String(options.epoch),
        }),
        ...(options.isLastCandidate && { [internalHeaders.isLastCandidate]: '1' }),
      },
    },
  );
  request.on('error', () => undefined);
  const body = options.body ?? '{"model":"model-a","messages":[]}';
  request.end(options.method === 'GET' ? undefined : body);
  const response = once(request, 'response').then(([head]) => head as IncomingMessage);
  const answer = response.then(readAnswer);
  answer.catch(() => undefined);
  return { response, answer, abort: () => request.destroy() };
}

export function call(brokerUrl: string, options: CallOptions): Promise<CallAnswer> {
  return openCall(brokerUrl, options).answer;
}

async function readAnswer(response: IncomingMessage): Promise<CallAnswer> {
  const parts: Buffer[] = [];
  response.on('data', (part: Buffer) => parts.push(part));
  response.on('error', () => undefined);
  await new Promise((resolve) => response.on('close', resolve));
  const fault = response.headers[internalHeaders.fault];
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    fault: typeof fault === 'string' ? fault : undefined,
    text: Buffer.concat(parts).toString(),
    isCut: !response.complete,
  };
}
