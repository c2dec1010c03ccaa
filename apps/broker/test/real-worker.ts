import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { until } from '@aisbf/testkit';
import type { Stage } from './broker-stage.js';
import { apiTokens, sellerProvider } from './fake-peers.js';

const workerMain = new URL('../../worker/dist/main.js', import.meta.url).pathname;

export type RealWorker = Readonly<{
  sessionId: string;
  child: ChildProcess;
  close: () => Promise<void>;
}>;

/** Our own worker as a process of its own, in front of an engine that the test writes. */
export async function startWorker(
  stage: Stage,
  engine: (request: IncomingMessage, response: ServerResponse) => void,
  env: Readonly<Record<string, string>> = {},
): Promise<RealWorker> {
  const server = createServer((request, response) => {
    if (request.url !== '/v1/models') return engine(request, response);
    response.setHeader('content-type', 'application/json');
    response.end('{"object":"list","data":[{"id":"model-a","object":"model"}]}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const child = spawn(process.execPath, [workerMain], {
    env: {
      WORKER_MARKET_URL: stage.url,
      WORKER_USERNAME: sellerProvider.username,
      WORKER_PROVIDER_ID: sellerProvider.providerName,
      WORKER_CLIENT_ID: 'client-1',
      WORKER_REGISTRATION_TOKEN: sellerProvider.registrationToken,
      WORKER_UPSTREAM_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      ...env,
    },
    stdio: 'ignore',
  });
  const sessionId = await until(() => servingSession(stage), { timeoutMs: 20_000 });
  const close = async (): Promise<void> => {
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
    server.close();
    server.closeAllConnections();
    await until(async () => (await servingSession(stage)) === undefined);
  };
  return { sessionId, child, close };
}

async function servingSession(stage: Stage): Promise<string | undefined> {
  const response = await fetch(`${stage.url}/api/coderai/broker/sessions`, {
    headers: { authorization: `Bearer ${apiTokens.seller}` },
  });
  const { sessions } = (await response.json()) as {
    sessions: { session_id: string; presence: { models: unknown[] } | null }[];
  };
  return sessions.find(({ presence }) => presence && presence.models.length > 0)?.session_id;
}

/** One of the broker's own figures, as an operator sees it. */
export async function metric(stage: Stage, name: string, label = ''): Promise<number> {
  const text = await (await fetch(`${stage.url}/metrics`)).text();
  const isIt = (line: string) => line.startsWith(`aisbf_broker_${name}{`) && line.includes(label);
  const found = text.split('\n').find(isIt);
  return Number(found?.split(' ').at(-1) ?? 0);
}
