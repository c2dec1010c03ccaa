/**
 * The floor, as a program of its own: `bare-proxy.js <port> <upstream port>`. It passes requests and answers
 * on with Node's server and undici, and does nothing else: no gateway on Node can be cheaper.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { Agent } from 'undici';

const [port, upstreamPort] = process.argv.slice(2).map(Number);
const origin = `http://127.0.0.1:${upstreamPort}`;
const agent = new Agent({ connections: 1_024, pipelining: 1, allowH2: false });

/** What is longer passes through without being gathered. */
const gatheredMax = 1_000_000;

const server = createServer((request, response) => {
  const failed = (error: unknown): void => {
    console.error(error);
    response.destroy();
  };
  if (Number(request.headers['content-length']) > gatheredMax) {
    pass(request, request, response).catch(failed);
    return;
  }
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => pass(request, Buffer.concat(chunks), response).catch(failed));
});

async function pass(
  request: IncomingMessage,
  body: Buffer | IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const answer = await agent.request({
    origin,
    path: request.url ?? '/',
    method: 'POST',
    headers: {
      'content-type': request.headers['content-type'] ?? 'application/json',
      'content-length': request.headers['content-length'] ?? '0',
    },
    body,
  });
  response.statusCode = answer.statusCode;
  for (const name of ['content-type', 'content-length']) {
    const value = answer.headers[name];
    if (value !== undefined) response.setHeader(name, value);
  }
  await pipeline(answer.body, response);
}

server.keepAliveTimeout = 120_000;
server.listen(port, '127.0.0.1');
process.on('SIGTERM', () => process.exit());
