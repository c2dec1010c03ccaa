import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Handler = (
  request: IncomingMessage,
  response: ServerResponse,
  body: Buffer,
) => void | Promise<void>;

export type ScriptedUpstream = Readonly<{
  url: string;
  port: number;
  requests: readonly IncomingMessage[];
  close: () => Promise<void>;
}>;

/** An engine that lists `models` and leaves everything else to the test. */
export async function startUpstream(
  handler: Handler,
  models: readonly (string | object)[] = ['m'],
  port = 0,
): Promise<ScriptedUpstream> {
  const requests: IncomingMessage[] = [];
  const server = createServer(async (request, response) => {
    requests.push(request);
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    if (request.url === '/v1/models') {
      const data = models.map((one) =>
        typeof one === 'string' ? { id: one, object: 'model' } : one,
      );
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ object: 'list', data }));
    } else {
      await handler(request, response, Buffer.concat(parts));
    }
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const bound = (server.address() as AddressInfo).port;
  const close = async (): Promise<void> => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return { url: `http://127.0.0.1:${bound}`, port: bound, requests, close };
}
