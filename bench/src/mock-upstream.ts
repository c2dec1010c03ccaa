/**
 * The upstream behind every target, as a program of its own: `mock-upstream.js <port>`. It answers at once,
 * so that what is measured is what stands before it.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { mockModel, wholeAnswer } from './mock-answer.js';
import { writeStream } from './mock-stream.js';

const models = JSON.stringify({
  object: 'list',
  data: [{ id: mockModel, object: 'model', created: 1_700_000_000, owned_by: 'bench' }],
});

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => answer(request, Buffer.concat(chunks), response));
});

function answer(request: IncomingMessage, body: Buffer, response: ServerResponse): void {
  if (request.method === 'GET') {
    response.writeHead(200, { 'content-type': 'application/json' }).end(models);
  } else if (body.includes('"stream":true')) {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    writeStream(response);
  } else {
    response
      .writeHead(200, {
        'content-type': 'application/json',
        'content-length': wholeAnswer.length,
      })
      .end(wholeAnswer);
  }
}

// A connection that the server closes between two requests would count as a failure of the target's.
server.keepAliveTimeout = 120_000;
server.listen(Number(process.argv[2]), '127.0.0.1');
process.on('SIGTERM', () => process.exit());
