/**
 * The floor, as a program of its own: `bare-socket.js <port>`. It holds WebSockets and hands what comes on one
 * of them to the HTTP request that was sent to it, and does nothing else: no broker on Node and `ws` can be
 * cheaper.
 *
 * `ws://…/7` is socket 7. The body of `POST /7` goes to it as one message; each of its messages is written to
 * the answer, until one is the end of a stream of events.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';
import { streamEnd } from './stream-end.js';

const sockets = new Map<string, WebSocket>();
const answers = new Map<string, ServerResponse>();

const server = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => begin(request.url ?? '', Buffer.concat(parts), response));
});
server.keepAliveTimeout = 120_000;

const door = new WebSocketServer({
  noServer: true,
  clientTracking: false,
  perMessageDeflate: false,
  maxPayload: 128 * 1_024 * 1_024,
});
server.on('upgrade', (request: IncomingMessage, wire, head) => {
  const path = request.url ?? '';
  door.handleUpgrade(request, wire, head, (socket) => {
    sockets.set(path, socket);
    socket.on('message', (data: Buffer) => pass(path, data));
    socket.on('error', () => socket.terminate());
    socket.on('close', () => {
      sockets.delete(path);
      answers.get(path)?.destroy();
    });
  });
});

function begin(path: string, body: Buffer, response: ServerResponse): void {
  const socket = sockets.get(path);
  if (socket === undefined || answers.has(path)) {
    response.writeHead(socket === undefined ? 404 : 409, { 'content-length': 0 }).end();
    return;
  }
  answers.set(path, response);
  response.on('close', () => answers.delete(path));
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  socket.send(body);
}

function pass(path: string, data: Buffer): void {
  const answer = answers.get(path);
  if (answer === undefined) return;
  answer.write(data);
  if (!data.equals(streamEnd)) return;
  answers.delete(path);
  answer.end();
}

server.listen(Number(process.argv[2]), '127.0.0.1');
process.on('SIGTERM', () => process.exit());
