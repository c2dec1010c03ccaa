import {
  Agent,
  createServer,
  type Server as HttpServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createProxyServer, type ProxyServer } from 'httpxy';
import { edgeIndex } from './edge-index.js';
import { type EdgeTarget, edgeRoute, edgeSocketRoute } from './edge-route.js';

export type StartEdge = Readonly<{
  /** Several: the first that nobody else has. */
  port: number | readonly number[];
  /** Where to listen; 127.0.0.1 keeps the market on this machine. */
  host?: string;
  routes: Readonly<Record<EdgeTarget, string>>;
}>;

/** The market's one public origin on this machine. */
export type Edge = Readonly<{ url: string; port: number; stop: () => Promise<void> }>;

/** What is still streaming when the edge stops gets this long. */
const stopGraceMs = 1_000;
/** How long a stranger may take to hang up after it was refused. */
const hangUpMsMax = 2_000;
/** A service that restarts is back in about this time. */
const retryAfterSeconds = '2';

/** Streams requests and upgrades to the services behind it, and shows nothing else of them. */
export async function startEdge(options: StartEdge): Promise<Edge> {
  // As many connections as there are streams: a limit here would be a queue that nobody sees.
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 256 });
  const web = createProxyServer({ agent });
  const sockets = createProxyServer({});
  web.on('error', (_error, _request, response) => {
    if (response !== undefined && 'writeHead' in response) failed(response);
  });
  sockets.on('error', (_error, _request, socket) => {
    if (socket !== undefined && !('writeHead' in socket)) refuseUpgrade(socket as Socket, 503);
  });

  const server = createServer((request, response) => {
    answer(request, response, options.routes, web);
  });
  // A stream may be silent for as long as its model thinks, and last as long as it talks.
  server.timeout = 0;
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    upgrade(request, socket, head, options.routes, sockets);
  });
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  const host = options.host ?? '127.0.0.1';
  const port = await listenOnFirst(server, [options.port].flat(), host);
  let stopping: Promise<void> | undefined;
  return {
    url: `http://${host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host}:${port}`,
    port,
    stop: () => {
      stopping ??= stop(server, open, agent);
      return stopping;
    },
  };
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  targets: StartEdge['routes'],
  proxy: ProxyServer,
): void {
  const route = edgeRoute(request.url ?? '');
  switch (route.name) {
    case 'forward':
      introduce(request);
      // Most failures arrive as the proxy's `error` events, those of the client's socket here.
      proxy.web(request, response, { target: targets[route.target] }).catch(() => failed(response));
      return;
    case 'index':
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(edgeIndex);
      return;
    case 'missing':
      sayError(response, 404, 'path_not_found', 'There is nothing at this address.');
      return;
    case 'refused':
      sayError(response, 400, 'path_invalid', 'This address is not written in its plain form.');
      return;
  }
}

function upgrade(
  request: IncomingMessage,
  socket: Socket,
  head: Buffer,
  targets: StartEdge['routes'],
  proxy: ProxyServer,
): void {
  socket.on('error', () => socket.destroy());
  const route = edgeSocketRoute(request.url ?? '');
  if (route.name !== 'forward') {
    refuseUpgrade(socket, route.name === 'refused' ? 400 : 404);
    return;
  }
  introduce(request);
  proxy.ws(request, socket, { target: targets[route.target] }, head).catch(() => socket.destroy());
}

/** Says who asked. What the client claims about that is dropped: nothing stands before the edge. */
function introduce(request: IncomingMessage): void {
  const { headers } = request;
  delete headers.forwarded;
  delete headers['x-real-ip'];
  delete headers['x-forwarded-port'];
  headers['x-forwarded-for'] = request.socket.remoteAddress ?? '';
  headers['x-forwarded-proto'] = 'http';
  headers['x-forwarded-host'] = headers.host ?? '';
}

/** The service did not take the request, or broke off its answer. */
function failed(response: ServerResponse): void {
  if (response.headersSent) {
    // Half an answer must never look like a whole one.
    response.destroy();
    return;
  }
  response.setHeader('retry-after', retryAfterSeconds);
  response.setHeader('x-should-retry', 'true');
  sayError(response, 503, 'service_unavailable', 'The service is not available. Try again.');
}

/** OpenAI's shape, since most who come here speak it. */
function sayError(response: ServerResponse, status: number, code: string, message: string): void {
  const type = status < 500 ? 'invalid_request_error' : 'server_error';
  if (status < 500) response.setHeader('x-should-retry', 'false');
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
  response.end(JSON.stringify({ error: { message, type, param: null, code } }));
}

const reasons = { 400: 'Bad Request', 404: 'Not Found', 503: 'Service Unavailable' } as const;

function refuseUpgrade(socket: Socket, status: keyof typeof reasons): void {
  if (!socket.writable) return;
  const retry = status === 503 ? `retry-after: ${retryAfterSeconds}\r\n` : '';
  socket.end(
    `HTTP/1.1 ${status} ${reasons[status]}\r\n${retry}content-length: 0\r\nconnection: close\r\n\r\n`,
  );
  // A socket that nobody reads does not notice that its peer has gone.
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), hangUpMsMax);
  socket.once('close', () => clearTimeout(timer));
}

/** Listening is the only way to find out without a gap in which somebody else takes the port. */
async function listenOnFirst(
  server: HttpServer,
  ports: readonly number[],
  host: string,
): Promise<number> {
  const taken: unknown[] = [];
  for (const port of ports) {
    try {
      return await listen(server, port, host);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      taken.push(error);
    }
  }
  throw new Error(`Something else listens on ${host}, port ${ports.join(', ')}.`, {
    cause: taken.at(-1),
  });
}

function listen(server: HttpServer, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

async function stop(server: HttpServer, open: Set<Socket>, agent: Agent): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const late = setTimeout(() => {
    // Upgraded sockets are no longer the server's, so they are counted here.
    for (const socket of open) socket.destroy();
  }, stopGraceMs);
  await closed;
  clearTimeout(late);
  for (const socket of open) socket.destroy();
  agent.destroy();
}
