import { once } from 'node:events';
import { until } from '@aisbf/testkit';
import { WebSocket } from 'ws';
import { sellerProvider } from './fake-peers.js';

/** A frame as it was read; tests look into it as they please. */
export type Frame = { [field: string]: unknown } & {
  op?: string;
  event?: string;
  status?: string;
  request_id?: string;
  payload?: Record<string, unknown>;
  /** What came beside it, where it was a binary message. */
  bytes?: readonly Buffer[];
};

export type WorkerOptions = Readonly<{
  path?: string;
  username?: string;
  providerId?: string;
  clientId?: string;
  registrationToken?: string;
  /** Where the identity stands; the deployed client sends it in both. */
  identityIn?: 'query' | 'headers' | 'bearer';
}>;

type Script = (frame: Frame, worker: ScriptedWorker) => void;

/** A worker that says exactly what the test tells it to. */
export class ScriptedWorker {
  readonly frames: Frame[] = [];
  closed: { code: number; reason: string } | undefined;
  private readonly scripts = new Map<string, Script>();

  private constructor(readonly socket: WebSocket) {
    socket.on('message', (data, isBinary) =>
      this.onFrame(isBinary ? readBinary(data as Buffer) : (JSON.parse(String(data)) as Frame)),
    );
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() };
    });
    socket.on('error', () => undefined);
  }

  /** Opens a socket; throws `Refusal` where the broker answers with plain HTTP. */
  static async connect(brokerUrl: string, options: WorkerOptions = {}): Promise<ScriptedWorker> {
    const { url, headers } = address(brokerUrl, options);
    const socket = new WebSocket(url, { headers, perMessageDeflate: false });
    const worker = new ScriptedWorker(socket);
    const refused = Promise.withResolvers<never>();
    socket.on('unexpected-response', (_request, response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => {
        const body = Buffer.concat(parts).toString();
        refused.reject(new Refusal(response.statusCode ?? 0, body, response.headers));
        socket.terminate();
      });
    });
    await Promise.race([once(socket, 'open'), refused.promise]);
    return worker;
  }

  /** Connects and registers as today's client does, serving one model. */
  static async start(
    brokerUrl: string,
    options: WorkerOptions & { capabilities?: object; models?: readonly string[] } = {},
  ): Promise<ScriptedWorker> {
    const worker = await ScriptedWorker.connect(brokerUrl, options);
    const models = options.models ?? ['model-a'];
    worker.on('models.list', (frame) =>
      worker.send({
        v: 1,
        request_id: frame.request_id,
        status: 'ok',
        payload: { object: 'list', data: models.map((id) => ({ id, object: 'model' })) },
      }),
    );
    worker.register(options.capabilities ?? { server: 'scripted' });
    return worker;
  }

  get sessionId(): string {
    return String(this.frames.find((frame) => frame.event === 'registered')?.session_id ?? '');
  }

  register(capabilities?: object, more: object = {}): void {
    this.send({
      v: 1,
      op: 'register',
      request_id: 'reg-1',
      payload: { ...(capabilities && { capabilities }), ...more },
    });
  }

  /** What it does with requests of an operation. */
  on(op: string, script: Script): void {
    this.scripts.set(op, script);
  }

  send(frame: object): void {
    this.socket.send(JSON.stringify(frame));
  }

  /** The same as a binary message, with bytes behind it. */
  sendBinary(frame: object, ...attachments: readonly Buffer[]): void {
    const lengths = attachments.map(({ length }) => length);
    const head = Buffer.from(JSON.stringify({ ...frame, attachments: lengths }));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(head.length);
    this.socket.send(Buffer.concat([length, head, ...attachments]));
  }

  heartbeat(): void {
    this.send({ v: 1, op: 'heartbeat', request_id: 'hb-1', payload: { uptime: 1 } });
  }

  /** Answers one request with frames, in order. */
  answer(frame: Frame, ...answers: readonly object[]): void {
    for (const answer of answers) this.send({ v: 1, request_id: frame.request_id, ...answer });
  }

  frame(isIt: (frame: Frame) => boolean): Promise<Frame> {
    return until(() => this.frames.find(isIt), { message: `a frame such that ${isIt}` });
  }

  end(): Promise<{ code: number; reason: string }> {
    return until(() => this.closed, { message: 'the socket is closed' });
  }

  private onFrame(frame: Frame): void {
    this.frames.push(frame);
    if (frame.op !== undefined) this.scripts.get(frame.op)?.(frame, this);
  }
}

/** As it is described, and without the code that is tested. */
function readBinary(message: Buffer): Frame {
  const headEnd = 4 + message.readUInt32BE(0);
  const frame = JSON.parse(message.toString('utf8', 4, headEnd)) as { attachments: number[] };
  let at = headEnd;
  const bytes = frame.attachments.map((length) => {
    at += length;
    return message.subarray(at - length, at);
  });
  if (at !== message.length) throw new Error(`${message.length - at} bytes are left over`);
  return { ...frame, bytes };
}

/** The broker's plain HTTP answer to an upgrade. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly body: string,
    readonly headers: Readonly<Record<string, string | string[] | undefined>>,
  ) {
    super(`refused with ${status}: ${body}`);
  }
}

function address(brokerUrl: string, options: WorkerOptions) {
  const {
    username = sellerProvider.username,
    providerId = sellerProvider.providerName,
    clientId = 'client-1',
    registrationToken = sellerProvider.registrationToken,
    identityIn = 'query',
  } = options;
  const url = new URL(
    options.path ?? `/api/u/${encodeURIComponent(username)}/coderai/wss`,
    brokerUrl.replace(/^http/, 'ws'),
  );
  const identity = { provider_id: providerId, client_id: clientId, username };
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(identity)) {
    if (identityIn === 'query') url.searchParams.set(name, value);
    else headers[`x-coderai-${name.replaceAll('_', '-')}`] = value;
  }
  if (identityIn === 'query') url.searchParams.set('registration_token', registrationToken);
  if (identityIn === 'headers') headers['x-coderai-registration-token'] = registrationToken;
  if (identityIn === 'bearer') headers.authorization = `Bearer ${registrationToken}`;
  return { url, headers };
}
