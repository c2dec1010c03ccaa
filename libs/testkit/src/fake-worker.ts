import { once } from 'node:events';
import { type ClientOptions, WebSocket } from 'ws';
import { until } from './until.js';

/** A frame as it was read; tests look into it as they please. */
export type WorkerFrame = Readonly<Record<string, unknown>> &
  Readonly<{ op?: string; event?: string; request_id?: string }>;

export type FakeWorkerIdentity = Readonly<{
  /** The market's public origin. */
  marketUrl: string;
  /** In the path; `global` has a path of its own. */
  scope: string;
  /** In the claim; the scope's where not given. */
  username?: string;
  provider: string;
  clientId: string;
  registrationToken: string;
}>;

/** What it does when it is asked to do something. */
export type WorkerScript = (frame: WorkerFrame, worker: FakeWorker) => void;

/** The market's plain HTTP answer to a worker that it does not let in. */
export class WorkerRefused extends Error {
  override readonly name = 'WorkerRefused';

  constructor(
    readonly status: number,
    readonly body: string,
  ) {
    super(`refused with ${status}: ${body}`);
  }
}

/** A seller's machine that says exactly what it is told to, over the real socket. */
export class FakeWorker {
  readonly frames: WorkerFrame[] = [];
  /** With which code the socket was closed, once it is. */
  closeCode: number | undefined;
  private readonly scripts = new Map<string, WorkerScript>();

  private constructor(private readonly socket: WebSocket) {
    socket.on('message', (data) => this.take(JSON.parse(String(data)) as WorkerFrame));
    socket.on('close', (code) => {
      this.closeCode = code;
    });
    // A refusal is an error to the socket as well; it is told of elsewhere.
    socket.on('error', () => undefined);
  }

  /** Opens the socket; throws `WorkerRefused` where the market says no before the upgrade. */
  static async connect(identity: FakeWorkerIdentity): Promise<FakeWorker> {
    const options: ClientOptions = { perMessageDeflate: false };
    const socket = new WebSocket(addressOf(identity), options);
    const worker = new FakeWorker(socket);
    const refused = Promise.withResolvers<never>();
    socket.on('unexpected-response', (_request, response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => {
        const body = Buffer.concat(parts).toString();
        refused.reject(new WorkerRefused(response.statusCode ?? 0, body));
        socket.terminate();
      });
    });
    await Promise.race([once(socket, 'open'), refused.promise]);
    return worker;
  }

  /** Registers and offers these models. */
  register(models: readonly string[], capabilities: object = { server: 'fake' }): void {
    this.on('models.list', (frame) =>
      this.reply(frame, {
        status: 'ok',
        payload: { object: 'list', data: models.map((id) => ({ id, object: 'model' })) },
      }),
    );
    this.send({ v: 1, op: 'register', request_id: 'reg-1', payload: { capabilities } });
  }

  on(op: string, script: WorkerScript): void {
    this.scripts.set(op, script);
  }

  reply(frame: WorkerFrame, answer: object): void {
    this.send({ v: 1, request_id: frame.request_id, ...answer });
  }

  /** A piece of a stream, as raw text of server-sent events. */
  chunk(frame: WorkerFrame, text: string): void {
    this.reply(frame, { event: 'chunk', payload: { chunk: text } });
  }

  send(frame: object): void {
    this.sendText(JSON.stringify(frame));
  }

  sendText(text: string): void {
    this.socket.send(text);
  }

  frame(isIt: (frame: WorkerFrame) => boolean): Promise<WorkerFrame> {
    return until(() => this.frames.find(isIt), { message: `a frame such that ${isIt}` });
  }

  /** The code with which the socket ends. */
  ended(): Promise<number> {
    return until(() => this.closeCode, { message: 'the socket is closed' });
  }

  /** Leaves without a word. */
  stop(): void {
    this.socket.terminate();
  }

  private take(frame: WorkerFrame): void {
    this.frames.push(frame);
    if (frame.op !== undefined) this.scripts.get(frame.op)?.(frame, this);
  }
}

function addressOf(identity: FakeWorkerIdentity): URL {
  const { marketUrl, scope, username = scope, provider, clientId, registrationToken } = identity;
  const path =
    scope === 'global' ? '/api/coderai/wss' : `/api/u/${encodeURIComponent(scope)}/coderai/wss`;
  const url = new URL(path, marketUrl.replace(/^http/, 'ws'));
  url.searchParams.set('provider_id', provider);
  url.searchParams.set('client_id', clientId);
  url.searchParams.set('username', username);
  url.searchParams.set('registration_token', registrationToken);
  return url;
}
