/**
 * The upstream of endpoints other than chat, as a program of its own: `endpoint-upstream.js <port>`. It answers as soon as
 * it has heard everything, so that what is measured is what stands before it.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { mockModel } from '../mock-answer.js';
import { writeStream } from '../mock-stream.js';
import {
  largeEmbedding,
  slowEventMs,
  slowTokens,
  smallEmbedding,
  speeches,
  transcript,
} from './endpoint-answers.js';

const models = JSON.stringify({
  object: 'list',
  data: [{ id: mockModel, object: 'model', created: 1_700_000_000, owned_by: 'bench' }],
});
const sound = Buffer.alloc(speeches.long.bytes, 0x55);

const server = createServer((request, response) => {
  // Files are heard to their end and forgotten: they are not what is looked at here.
  const isForm = request.headers['content-type']?.startsWith('multipart/') === true;
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => {
    if (!isForm) chunks.push(chunk);
  });
  request.on('end', () => answer(request, Buffer.concat(chunks), response));
});

function answer({ method, url }: IncomingMessage, body: Buffer, response: ServerResponse): void {
  const answers = method === 'GET' ? everything : told[url ?? ''];
  if (answers) answers(response, body);
  else response.writeHead(404).end();
}

type Answers = (response: ServerResponse, body: Buffer) => void;

const everything: Answers = (response) => whole(response, 'application/json', models);

const told: Readonly<Record<string, Answers>> = {
  '/v1/embeddings': (response, body) => {
    const isLarge = body.includes('"input":[');
    whole(response, 'application/json', isLarge ? largeEmbedding : smallEmbedding);
  },
  '/v1/audio/transcriptions': (response) => whole(response, 'application/json', transcript),
  '/v1/audio/speech': (response, body) => {
    const { bytes } = body.includes(speeches.long.input) ? speeches.long : speeches.short;
    whole(response, 'audio/mpeg', sound.subarray(0, bytes));
  },
  '/v1/chat/completions': (response, body) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    writeStream(response, body.includes(`"max_tokens":${slowTokens}`) ? slowEventMs : 0);
  },
};

function whole(response: ServerResponse, contentType: string, body: Buffer | string): void {
  const length = Buffer.byteLength(body);
  response.writeHead(200, { 'content-type': contentType, 'content-length': length }).end(body);
}

// A connection that the server closes between two requests would count as a failure of the target's.
server.keepAliveTimeout = 120_000;
server.listen(Number(process.argv[2]), '127.0.0.1');
process.on('SIGTERM', () => process.exit());
