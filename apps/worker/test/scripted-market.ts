import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

export type Frame = Readonly<Record<string, unknown>>;

/** One worker's connection, as the market sees it. */
export class MarketSession {
  readonly frames: Frame[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  #watchers: (() => void)[] = [];
  #requests = 0;

  constructor(
    readonly socket: WebSocket,
    readonly request: IncomingMessage,
  ) {
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
    socket.on('message', (data, isBinary) => {
      this.frames.push(isBinary ? readBinary(data as Buffer) : JSON.parse(String(data)));
      for (const look of this.#watchers) look();
    });
  }

  send(frame: Frame): void {
    this.socket.send(JSON.stringify({ v: 1, ...frame }));
  }

  /** The same as a binary message, with bytes behind it. */
  sendBinary(frame: Frame, ...attachments: readonly Buffer[]): void {
    const lengths = attachments.map(({ length }) => length);
    const head = Buffer.from(JSON.stringify({ v: 1, ...frame, attachments: lengths }));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(head.length);
    this.socket.send(Buffer.concat([length, head, ...attachments]));
  }

  accept(frame: Frame = {}): void {
    this.send({ event: 'registered', status: 'ok', accepted: true, session_id: 's-1', ...frame });
  }

  /** Sends work and returns its id. */
  ask(op: string, payload: Frame = {}, requestId = `r-${++this.#requests}`): string {
    this.send({ op, request_id: requestId, stream: payload.stream ?? false, payload });
    return requestId;
  }

  /** The first frame that fits, also one that came before. */
  frame(fits: (frame: Frame) => boolean): Promise<Frame> {
    return new Promise((resolve) => {
      const look = (): void => {
        const hit = this.frames.find(fits);
        if (hit === undefined) return;
        this.#watchers = this.#watchers.filter((watcher) => watcher !== look);
        resolve(hit);
      };
      this.#watchers.push(look);
      look();
    });
  }

  op(name: string): Promise<Frame> {
    return this.frame(({ op }) => op === name);
  }

  /** The last frame of a request. */
  end(requestId: string): Promise<Frame> {
    const isEnd = ({ event, status }: Frame): boolean =>
      event === 'done' || status === 'error' || (status === 'ok' && event === undefined);
    return this.frame((frame) => frame.request_id === requestId && isEnd(frame));
  }

  of(requestId: string): readonly Frame[] {
    return this.frames.filter((frame) => frame.request_id === requestId);
  }

  /** Everything that a request has streamed, in the order of its frames. */
  text(requestId: string): string {
    const pieces = this.of(requestId).filter(({ event }) => event === 'chunk');
    return pieces.map((frame) => String(payloadOf(frame).chunk)).join('');
  }
}

/** As it is described, and without the code that is tested: the bytes stand in `bytes`. */
function readBinary(message: Buffer): Frame {
  const headEnd = 4 + message.readUInt32BE(0);
  const frame = JSON.parse(message.toString('utf8', 4, headEnd));
  let at = headEnd;
  const bytes = frame.attachments.map((length: number) => {
    at += length;
    return message.subarray(at - length, at);
  });
  if (at !== message.length) throw new Error(`${message.length - at} bytes are left over`);
  return { ...frame, bytes };
}

/** The bytes that came beside a frame. */
export function bytesOf(frame: Frame): readonly Buffer[] {
  return (frame.bytes ?? []) as readonly Buffer[];
}

export function payloadOf(frame: Frame): Frame {
  return frame.payload as Frame;
}

export type Refusal = Readonly<{ status: number; body: string; headers?: Record<string, string> }>;

export type MarketOptions = Readonly<{
  /** Answers the first `register` by itself, as a broker does. */
  accepts?: boolean;
  /** What else it says in accepting. */
  registered?: Frame;
  autoPong?: boolean;
}>;

/** A market that does as the test says, on a real socket. */
export class ScriptedMarket {
  readonly sessions: MarketSession[] = [];
  /** Upgrades are answered with this while it is set. */
  refusal: Refusal | undefined;
  refused = 0;
  #watchers: (() => void)[] = [];

  private constructor(
    private readonly server: Server,
    private readonly sockets: WebSocketServer,
    options: MarketOptions,
  ) {
    server.on('upgrade', (request, socket, head) => {
      if (this.refusal !== undefined) {
        const { status, body, headers = {} } = this.refusal;
        this.refused += 1;
        const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
        socket.end(
          `HTTP/1.1 ${status} Refused\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${lines.join('')}\r\n${body}`,
        );
        for (const look of this.#watchers) look();
        return;
      }
      this.sockets.handleUpgrade(request, socket, head, (client) => {
        const session = new MarketSession(client, request);
        this.sessions.push(session);
        if (options.accepts ?? true) {
          void session
            .op('register')
            .then(({ request_id }) => session.accept({ request_id, ...options.registered }));
        }
        for (const look of this.#watchers) look();
      });
    });
  }

  static async start(options: MarketOptions = {}, port = 0): Promise<ScriptedMarket> {
    const server = createServer((_request, response) => response.writeHead(404).end());
    const sockets = new WebSocketServer({ noServer: true, autoPong: options.autoPong ?? true });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return new ScriptedMarket(server, sockets, options);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The n-th connection since the start, also one that is still to come. */
  session(index: number): Promise<MarketSession> {
    return this.#until(() => this.sessions[index]);
  }

  refusals(count: number): Promise<true> {
    return this.#until(() => (this.refused >= count ? true : undefined));
  }

  async close(): Promise<void> {
    for (const { socket } of this.sessions) socket.terminate();
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }

  #until<Result>(find: () => Result | undefined): Promise<Result> {
    return new Promise((resolve) => {
      const look = (): void => {
        const hit = find();
        if (hit === undefined) return;
        this.#watchers = this.#watchers.filter((watcher) => watcher !== look);
        resolve(hit);
      };
      this.#watchers.push(look);
      look();
    });
  }
}
