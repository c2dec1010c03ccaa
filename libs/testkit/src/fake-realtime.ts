import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Loopback, listenOnLoopback } from './loopback.js';

export type RealtimeFrame = Readonly<{ type: string; [field: string]: unknown }>;

/** What a model does with each event that it gets. */
export type RealtimeScript = (call: RealtimeCall, event: RealtimeFrame) => void | Promise<void>;

export type RealtimeUsage = Readonly<Record<string, unknown>>;

export type RealtimeAnswerOptions = Readonly<{
  /** Base64 of sound that comes with the words. */
  sound?: string;
  status?: string;
  usage?: RealtimeUsage | null;
}>;

/** What a model without a script of its own does: it answers whoever asks, with a few plain words. */
const scriptDefault: RealtimeScript = (call, event) => {
  if (event.type === 'session.update')
    call.send({ type: 'session.updated', session: event.session });
  if (event.type === 'response.create') call.answer(['A ', 'fake ', 'answer.']);
};

/** One session as it came in, and the means to conduct it well or badly. */
export class RealtimeCall {
  /** What was sent, the first first. */
  readonly events: RealtimeFrame[] = [];
  /** With which code it was closed; undefined while it is open. */
  closedWith: number | undefined;
  private answers = 0;

  constructor(
    readonly url: URL,
    readonly headers: IncomingHttpHeaders,
    readonly socket: WebSocket,
  ) {}

  get model(): string {
    return this.url.searchParams.get('model') ?? '';
  }

  send(event: RealtimeFrame): void {
    this.raw(JSON.stringify({ event_id: 'event_of_upstream', ...event }));
  }

  raw(text: string): void {
    this.socket.send(text);
  }

  /** Begins an answer; gives the names of it and of its one item. */
  begin(): Readonly<{ response_id: string; item_id: string }> {
    this.answers += 1;
    const names = { response_id: `resp_${this.answers}`, item_id: `item_${this.answers}` };
    this.send({
      type: 'response.created',
      response: { id: names.response_id, status: 'in_progress' },
    });
    return names;
  }

  say(names: ReturnType<RealtimeCall['begin']>, ...words: readonly string[]): void {
    for (const delta of words) {
      this.send({ type: 'response.output_text.delta', ...names, content_index: 0, delta });
    }
  }

  /** A whole answer: created, said, said again when it is whole, done. */
  answer(words: readonly string[], options: RealtimeAnswerOptions = {}): void {
    const names = this.begin();
    this.say(names, ...words);
    const { sound } = options;
    if (sound !== undefined) {
      this.send({ type: 'response.output_audio.delta', ...names, content_index: 0, delta: sound });
    }
    const text = words.join('');
    this.send({ type: 'response.output_text.done', ...names, content_index: 0, text });
    this.finish(names, text, options);
  }

  finish(
    names: ReturnType<RealtimeCall['begin']>,
    text: string,
    { status = 'completed', usage = null }: RealtimeAnswerOptions = {},
  ): void {
    const content = [{ type: 'output_text', text }];
    const output = [{ id: names.item_id, type: 'message', role: 'assistant', content }];
    const response = { id: names.response_id, status, output, usage };
    this.send({ type: 'response.done', response });
  }

  /** Breaks the connection, without a word. */
  cut(): void {
    this.socket.terminate();
  }
}

/** How an upgrade is answered in place of taking it. */
type Refusal = Readonly<{ status: number; body: string }>;

/** A server of the Realtime API that keeps what it was sent and does as each model's script says. */
export class FakeRealtime {
  readonly calls: RealtimeCall[] = [];
  private readonly scripts = new Map<string, RealtimeScript>();
  private readonly refusals = new Map<string, Refusal>();
  private readonly sockets = new WebSocketServer({ noServer: true });

  private constructor(private readonly loopback: Loopback) {
    loopback.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.receive(request, socket, head),
    );
  }

  static async start(): Promise<FakeRealtime> {
    const loopback = await listenOnLoopback(createServer());
    // A suite that broke off before it could stop this must still end.
    loopback.server.unref();
    return new FakeRealtime(loopback);
  }

  /** Where its API begins. */
  get url(): string {
    return `${this.loopback.url}/v1`;
  }

  /** From the next event of this model's sessions on. */
  on(model: string, script: RealtimeScript): void {
    this.scripts.set(model, script);
  }

  /** From now on nobody gets a session of this model. */
  refuse(model: string, status: number, body = '{}'): void {
    this.refusals.set(model, { status, body });
  }

  async stop(): Promise<void> {
    for (const { socket } of this.calls) socket.terminate();
    await this.loopback.stop();
  }

  private receive(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const url = new URL(request.url ?? '', this.loopback.url);
    const refusal = this.refusals.get(url.searchParams.get('model') ?? '');
    if (refusal || url.pathname !== '/v1/realtime') {
      const { status, body } = refusal ?? { status: 404, body: '{}' };
      const length = Buffer.byteLength(body);
      socket.end(
        `HTTP/1.1 ${status} Refused\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\nconnection: close\r\n\r\n${body}`,
      );
      return;
    }
    this.sockets.handleUpgrade(request, socket, head, (opened) => this.begin(request, url, opened));
  }

  private begin(request: IncomingMessage, url: URL, socket: WebSocket): void {
    const call = new RealtimeCall(url, request.headers, socket);
    this.calls.push(call);
    socket.on('error', () => undefined);
    socket.on('close', (code) => {
      call.closedWith = code;
    });
    socket.on('message', (data) => {
      const event = JSON.parse(String(data)) as RealtimeFrame;
      call.events.push(event);
      void (this.scripts.get(call.model) ?? scriptDefault)(call, event);
    });
    call.send({ type: 'session.created', session: { id: 'sess_1', model: call.model } });
  }
}
