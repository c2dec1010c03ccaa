import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { WebSocket, WebSocketServer } from 'ws';
import { type Edge, startEdge } from './edge.js';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** What arrived behind the edge. */
let arrived: IncomingMessage[];
let handle: Handler;
let upstream: ReturnType<typeof createServer>;
let edge: Edge;

beforeAll(async () => {
  upstream = createServer((incoming, response) => {
    arrived.push(incoming);
    handle(incoming, response);
  });
  const sockets = new WebSocketServer({ noServer: true });
  upstream.on('upgrade', (incoming, socket, head) => {
    arrived.push(incoming);
    if (incoming.url === '/api/coderai/refused') {
      socket.end('HTTP/1.1 401 Unauthorized\r\ncontent-length: 2\r\n\r\nno');
      return;
    }
    sockets.handleUpgrade(incoming, socket, head, (webSocket) => {
      webSocket.on('message', (data, isBinary) => webSocket.send(data, { binary: isBinary }));
    });
  });
  upstream.listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  // Nobody listens at port 1: the service that is down.
  const down = 'http://127.0.0.1:1';
  edge = await startEdge({
    port: 0,
    routes: { gateway: url, broker: url, accounts: url, router: down },
  });
});

afterAll(async () => {
  await edge.stop();
  upstream.closeAllConnections();
  upstream.close();
});

beforeEach(() => {
  arrived = [];
  handle = (_request, response) => response.end('upstream');
});

/** Writes bytes as they are, where a client library would tidy them up. */
async function raw(target: string, headers = ''): Promise<string> {
  const socket = connect(edge.port, '127.0.0.1');
  socket.write(`GET ${target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${headers}\r\n`);
  let received = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    received += text;
  });
  await once(socket, 'close');
  return received;
}

describe('requests', () => {
  it('passes method, path, query, headers and body through, and the answer back', async () => {
    handle = (incoming, response) => {
      response.writeHead(418, { 'x-request-id': 'r1' });
      incoming.pipe(response);
    };
    const response = await fetch(`${edge.url}/v1/chat/completions?a=%20b`, {
      method: 'POST',
      body: 'a body',
      headers: { authorization: 'Bearer t' },
    });
    expect(response.status).toBe(418);
    expect(response.headers.get('x-request-id')).toBe('r1');
    expect(await response.text()).toBe('a body');
    expect(arrived[0]?.url).toBe('/v1/chat/completions?a=%20b');
    expect(arrived[0]?.method).toBe('POST');
    expect(arrived[0]?.headers.authorization).toBe('Bearer t');
  });

  it('says who asked, whatever the client claims', async () => {
    await fetch(`${edge.url}/v1/models`, {
      headers: { 'x-forwarded-for': '9.9.9.9', 'x-forwarded-host': 'evil', forwarded: 'for=9' },
    });
    expect(arrived[0]?.headers).toMatchObject({
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': edge.url.slice('http://'.length),
    });
    expect(arrived[0]?.headers.forwarded).toBeUndefined();
  });

  it.each([
    '/v1/../internal/v1/settle',
    '/v1/%2e%2e/internal',
    '/internal/v1/settle',
    '/metrics',
    'http://127.0.0.1/internal/v1/settle',
  ])('keeps %s out', async (target) => {
    expect(await raw(target)).toMatch(/^HTTP\/1\.1 40[04] /);
    expect(arrived).toEqual([]);
  });

  it('answers in the shape of OpenAI when a service is down', async () => {
    const response = await fetch(`${edge.url}/api/catalog/listings`);
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('2');
    expect(response.headers.get('x-should-retry')).toBe('true');
    expect(await response.json()).toMatchObject({ error: { code: 'service_unavailable' } });
  });

  it('shows an index, and to whoever only knocks that it is there', async () => {
    expect(await (await fetch(edge.url)).text()).toContain('/v1');
    expect((await fetch(edge.url, { method: 'HEAD' })).status).toBe(200);
  });
});

describe('streams', () => {
  it('lets a chunk through before the next one exists', async () => {
    const held = Promise.withResolvers<ServerResponse>();
    handle = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: 1\n\n');
      held.resolve(response);
    };
    const response = await fetch(`${edge.url}/v1/chat/completions`, { method: 'POST', body: '{}' });
    const reader = response.body?.getReader();
    const decoder = new TextDecoder();
    expect(decoder.decode((await reader?.read())?.value)).toBe('data: 1\n\n');
    (await held.promise).end('data: 2\n\n');
    expect(decoder.decode((await reader?.read())?.value)).toBe('data: 2\n\n');
    expect((await reader?.read())?.done).toBe(true);
  });

  it('tells the service when the client leaves in mid-stream', async () => {
    const left = Promise.withResolvers<boolean>();
    handle = (_request, response) => {
      response.write('data: 1\n\n');
      response.once('close', () => left.resolve(response.writableFinished));
    };
    const outgoing = request(`${edge.url}/v1/chat/completions`, { method: 'POST' });
    outgoing.on('error', () => undefined);
    outgoing.end('{}');
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
    incoming.on('error', () => undefined);
    await once(incoming, 'data');
    outgoing.destroy();
    expect(await left.promise).toBe(false);
  });

  it('tells the service when the client leaves before the answer', async () => {
    const asked = Promise.withResolvers<void>();
    const left = Promise.withResolvers<void>();
    handle = (_request, response) => {
      asked.resolve();
      response.once('close', () => left.resolve());
    };
    const abort = new AbortController();
    const answer = fetch(`${edge.url}/v1/models`, { signal: abort.signal });
    await asked.promise;
    abort.abort();
    await expect(answer).rejects.toThrow('abort');
    await left.promise;
  });

  it('never ends cleanly what the service broke off', async () => {
    handle = (_request, response) => {
      response.write('data: 1\n\n', () => response.destroy());
    };
    const response = await fetch(`${edge.url}/v1/chat/completions`, { method: 'POST', body: '{}' });
    await expect(response.text()).rejects.toThrow('terminated');
  });

  it('holds the service back while the client does not read', async () => {
    const bytes = 64 * 1024 * 1024;
    let written = 0;
    const stalled = Promise.withResolvers<void>();
    handle = (_request, response) => {
      const chunk = Buffer.alloc(1024 * 1024);
      const fill = (): void => {
        while (written < bytes) {
          written += chunk.length;
          if (response.write(chunk)) continue;
          const wait = setTimeout(stalled.resolve, 300);
          response.once('drain', () => {
            clearTimeout(wait);
            fill();
          });
          return;
        }
        response.end(() => stalled.resolve());
      };
      fill();
    };
    const socket = connect(edge.port, '127.0.0.1');
    socket.pause();
    socket.write('GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n');
    await stalled.promise;
    socket.destroy();
    expect(written).toBeLessThan(bytes);
  });
});

describe('WebSockets', () => {
  const at = (path: string) => new WebSocket(`${edge.url.replace('http', 'ws')}${path}`);

  it('connects a worker with the broker, both ways', async () => {
    const socket = at('/api/coderai/ws?client=1');
    await once(socket, 'open');
    socket.send('hello');
    const [text] = await once(socket, 'message');
    expect(String(text)).toBe('hello');
    const frame = Buffer.alloc(300_000, 7);
    socket.send(frame);
    const [binary] = await once(socket, 'message');
    expect(frame.equals(binary as Buffer)).toBe(true);
    expect(arrived[0]?.headers['x-forwarded-for']).toBe('127.0.0.1');
    socket.close();
    await once(socket, 'close');
  });

  it('carries a refusal back', async () => {
    const socket = at('/api/coderai/refused');
    const [, response] = await once(socket, 'unexpected-response');
    expect((response as IncomingMessage).statusCode).toBe(401);
    response.destroy();
  });

  it.each(['/v1/realtime?model=m', '/api/u/ada/box/realtime'])(
    'connects a buyer with the gateway at %s',
    async (path) => {
      const socket = at(path);
      await once(socket, 'open');
      expect(arrived[0]?.url).toBe(path);
      socket.close();
      await once(socket, 'close');
    },
  );

  it.each(['/v1/models', '/v1/realtime/x', '/internal/ws', '/api/catalog'])(
    'opens none at %s',
    async (path) => {
      const socket = at(path);
      const [, response] = await once(socket, 'unexpected-response');
      expect((response as IncomingMessage).statusCode).toBe(404);
      expect(arrived).toEqual([]);
      response.destroy();
    },
  );
});

describe('port', () => {
  const routes = { gateway: '', broker: '', accounts: '', router: '' };

  it('is the first that nobody has', async () => {
    const second = await startEdge({ port: [edge.port, 0], routes });
    expect(second.port).not.toBe(edge.port);
    await second.stop();
  });

  it('is named when somebody has it', async () => {
    await expect(startEdge({ port: edge.port, routes })).rejects.toThrow(`port ${edge.port}`);
  });
});

describe('stop', () => {
  it('ends what still streams', async () => {
    handle = (_request, response) => void response.write('data: 1\n\n');
    const short = await startEdge({
      port: 0,
      routes: {
        gateway: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`,
        broker: '',
        accounts: '',
        router: '',
      },
    });
    const response = await fetch(`${short.url}/v1/models`);
    await short.stop();
    await expect(response.text()).rejects.toThrow('terminated');
  });
});
