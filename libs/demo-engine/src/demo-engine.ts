import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import {
  completionHead,
  doneEvent,
  toChunkEvent,
  toCompletion,
  toUsageEvent,
  usageOf,
} from './chat-completion.js';
import { type ChatRequest, readChatRequest } from './chat-request.js';
import { type Answer, composeAnswer } from './demo-answer.js';
import { demoModels } from './demo-model.js';
import { type EngineError, toErrorBody } from './engine-error.js';

export type DemoEngineOptions = Readonly<{
  /** 0, the default, takes a free one. */
  port?: number;
  host?: string;
  /** Time that one token takes, so that a stream can be seen as one. 0 answers as fast as it can. */
  tokenDelayMs?: number;
  /** Larger requests are refused: the engine keeps a body in memory while it reads it. */
  bodyBytesMax?: number;
}>;

export type DemoEngine = Readonly<{
  /** The OpenAI-compatible base, with its `/v1`. */
  url: string;
  /** Ends at once, also what still streams. */
  close: () => Promise<void>;
}>;

type Limits = Readonly<{ tokenDelayMs: number; bodyBytesMax: number }>;

/** A deterministic OpenAI-compatible server that needs no model, no network and no graphics card. */
export async function startDemoEngine(options: DemoEngineOptions = {}): Promise<DemoEngine> {
  const { port = 0, host = '127.0.0.1', tokenDelayMs = 5, bodyBytesMax = 32 * 1024 ** 2 } = options;
  const server = createServer((request, response) => {
    answerRequest(request, response, { tokenDelayMs, bodyBytesMax }).catch((error: unknown) => {
      if (!response.destroyed) response.destroy(error instanceof Error ? error : undefined);
    });
  });
  server.listen(port, host);
  await once(server, 'listening');
  const { port: boundPort } = server.address() as AddressInfo;
  const hostInUrl = host.includes(':') ? `[${host}]` : host;
  return { url: `http://${hostInUrl}:${boundPort}/v1`, close: () => closeServer(server) };
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

async function answerRequest(
  request: IncomingMessage,
  response: ServerResponse,
  limits: Limits,
): Promise<void> {
  const path = (request.url ?? '').split('?')[0];
  if (path === '/v1/models' && request.method === 'GET') {
    sendJson(response, 200, JSON.stringify({ object: 'list', data: demoModels.map(toModelRow) }));
  } else if (path === '/v1/chat/completions' && request.method === 'POST') {
    await answerChat(request, response, limits);
  } else {
    sendError(response, unknownUrl(request));
  }
}

async function answerChat(
  request: IncomingMessage,
  response: ServerResponse,
  limits: Limits,
): Promise<void> {
  const raw = await readBody(request, limits.bodyBytesMax);
  if (raw === undefined) {
    request.resume();
    response.setHeader('connection', 'close');
    return sendError(response, tooLarge(limits.bodyBytesMax));
  }
  const chat = readChatRequest(raw);
  if ('status' in chat) return sendError(response, chat);

  const answer = composeAnswer(chat.model, chat, chat);
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const pace = { delayMs: limits.tokenDelayMs * chat.model.slowness, signal: gone.signal };
  try {
    if (chat.isStream) await streamAnswer(response, chat, answer, pace);
    else await sendAnswer(response, chat, answer, pace);
  } catch (error) {
    // Whoever has hung up wants no more of the answer; that is no failure.
    if (!gone.signal.aborted) throw error;
  }
}

/** How long one token takes, and the signal that the client has gone. */
type Pace = Readonly<{ delayMs: number; signal: AbortSignal }>;

/** Takes the time of that many tokens; rejects as soon as the client has gone. */
async function generate(tokens: number, { delayMs, signal }: Pace): Promise<void> {
  signal.throwIfAborted();
  if (delayMs > 0) await wait(delayMs * tokens, undefined, { signal });
}

async function sendAnswer(
  response: ServerResponse,
  chat: ChatRequest,
  answer: Answer,
  pace: Pace,
): Promise<void> {
  await generate(answer.tokens, pace);
  const head = completionHead(chat, Date.now());
  sendJson(response, 200, toCompletion(head, answer, usageOf(chat, answer)));
}

async function streamAnswer(
  response: ServerResponse,
  chat: ChatRequest,
  answer: Answer,
  pace: Pace,
): Promise<void> {
  const head = completionHead(chat, Date.now());
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache',
  });
  response.write(toChunkEvent(head, chat, { role: 'assistant', content: '' }, null));
  for (const piece of answer.pieces) {
    await generate(1, pace);
    const hasRoom = response.write(toChunkEvent(head, chat, { content: piece }, null));
    if (!hasRoom) await once(response, 'drain', { signal: pace.signal });
  }
  response.write(toChunkEvent(head, chat, {}, answer.finishReason));
  if (chat.wantsUsage) response.write(toUsageEvent(head, usageOf(chat, answer)));
  response.end(doneEvent);
}

/** The body as text, or undefined where it is larger than allowed. */
async function readBody(request: IncomingMessage, bytesMax: number): Promise<string | undefined> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request.iterator({ destroyOnReturn: false })) {
    bytes += part.length;
    if (bytes > bytesMax) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function sendJson(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(body);
}

function sendError(response: ServerResponse, error: EngineError): void {
  sendJson(response, error.status, toErrorBody(error));
}

function toModelRow(model: (typeof demoModels)[number]): object {
  return {
    id: model.id,
    object: 'model',
    created: 0,
    owned_by: 'demo-engine',
    context_length: model.contextTokensMax,
  };
}

function unknownUrl(request: IncomingMessage): EngineError {
  return {
    status: 404,
    type: 'invalid_request_error',
    code: 'unknown_url',
    param: null,
    message: `Unknown request URL: ${request.method} ${(request.url ?? '').split('?')[0]}.`,
  };
}

function tooLarge(bytesMax: number): EngineError {
  return {
    status: 413,
    type: 'invalid_request_error',
    code: 'request_too_large',
    param: null,
    message: `The request body is larger than ${bytesMax} bytes.`,
  };
}
