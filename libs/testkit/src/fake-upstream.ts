import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { fakeAnswer } from './fake-answers.js';
import { fakeMessage, fakeResponse, type TypedAnswer } from './fake-typed-answers.js';
import { type Loopback, listenOnLoopback, textOf } from './loopback.js';

/** What an upstream does with a request to a model. */
export type UpstreamScript = (call: UpstreamCall) => void | Promise<void>;

/** A row of its list: a name, or with it whatever an engine would say of it. */
export type UpstreamModel = string | Readonly<{ id: string; [field: string]: unknown }>;

/** How an answer ends. */
export type AnswerEnding = Readonly<{
  finishReason?: string | null;
  /** JSON, or what pretends to be. */
  usage?: string;
  /** Whether `[DONE]` ends a stream. */
  isDone?: boolean;
}>;

/** What a model without a script of its own says. */
const scriptDefault: UpstreamScript = (call) => {
  const words = ['A ', 'fake ', 'answer ', 'of ', 'seven ', 'plain ', 'words.'];
  if (call.path === '/v1/chat/completions') return call.answer(words);
  if (call.path === '/v1/responses') return call.typed(fakeResponse(words));
  if (call.path === '/v1/messages') return call.typed(fakeMessage(words));
  const answer = fakeAnswer(call.path, call.body);
  if (Buffer.isBuffer(answer)) return call.status(200, answer, { 'content-type': 'audio/wav' });
  if (answer) return call.status(200, JSON.stringify(answer));
  call.status(404, '{"error":{"message":"There is no such endpoint."}}');
};

/** One request as it came in, and the means to answer it well or badly. */
export class UpstreamCall {
  constructor(
    /** Of the URL, as `/v1/chat/completions`. */
    readonly path: string,
    /** The body's own text. */
    readonly text: string,
    readonly headers: IncomingHttpHeaders,
    private readonly response: ServerResponse,
  ) {}

  /** Of a form, its fields. */
  get body(): Record<string, unknown> {
    if (!this.headers['content-type']?.startsWith('multipart/')) {
      return JSON.parse(this.text || '{}') as Record<string, unknown>;
    }
    const fields = this.text.matchAll(/form-data; name="([^"]+)"\r\n\r\n([\s\S]*?)\r\n--/g);
    return Object.fromEntries([...fields].map(([, name, value]) => [name, value]));
  }

  /** The caller has hung up before the answer was whole. */
  get isLeft(): boolean {
    return this.response.destroyed && !this.response.writableFinished;
  }

  /** Not answered to the end, and still waited for. */
  get isUnderWay(): boolean {
    return !this.response.destroyed && !this.response.writableFinished;
  }

  /** Answers as it was asked to, whole or streamed. */
  async answer(words: readonly string[], ending: AnswerEnding = {}): Promise<void> {
    if (this.body.stream !== true) return this.whole(words.join(''), ending);
    await this.say(...words);
    await this.finish(ending);
  }

  /** Answers as it was asked to, in the form of an API whose streams have types. */
  async typed({ whole, events }: TypedAnswer): Promise<void> {
    if (this.body.stream !== true) return this.status(200, JSON.stringify(whole));
    for (const event of events) await this.typedEvent(event);
    this.response.end();
  }

  typedEvent(event: TypedAnswer['events'][number]): Promise<void> {
    return this.raw(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  }

  /** Says these words of a stream, an event each. */
  async say(...words: readonly string[]): Promise<void> {
    for (const content of words) await this.event({ delta: { content }, finish_reason: null });
  }

  /** Answers with a call of a tool, whole or streamed. */
  async callTool(name: string, args: string): Promise<void> {
    const calls = [
      { index: 0, id: 'call_1', type: 'function', function: { name, arguments: args } },
    ];
    if (this.body.stream === true) {
      await this.event({ delta: { role: 'assistant', tool_calls: calls }, finish_reason: null });
      return this.finish({ finishReason: 'tool_calls' });
    }
    const message = { role: 'assistant', content: null, tool_calls: calls };
    const choices = [{ index: 0, message, finish_reason: 'tool_calls' }];
    this.status(200, JSON.stringify({ id: 'fake', object: 'chat.completion', choices }));
  }

  /** Ends a stream. */
  async finish(ending: AnswerEnding = {}): Promise<void> {
    const { finishReason = 'stop', usage, isDone = true } = ending;
    if (finishReason !== null) await this.event({ delta: {}, finish_reason: finishReason });
    if (usage !== undefined) await this.raw(`data: {"choices":[],"usage":${usage}}\n\n`);
    if (isDone) await this.raw('data: [DONE]\n\n');
    this.response.end();
  }

  /** Gives a whole answer. */
  whole(content: string, ending: AnswerEnding = {}): void {
    const { finishReason = 'stop', usage = 'null' } = ending;
    const choice = {
      index: 0,
      message: { role: 'assistant', content },
      finish_reason: finishReason,
    };
    const head = JSON.stringify({ id: 'fake', object: 'chat.completion', choices: [choice] });
    this.status(200, `${head.slice(0, -1)},"usage":${usage}}`);
  }

  status(
    status: number,
    body: string | Buffer,
    headers: Readonly<Record<string, string>> = {},
  ): void {
    this.response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
  }

  /** Bytes of a stream, whatever they are. */
  async raw(text: string): Promise<void> {
    const { response } = this;
    if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' });
    if (response.destroyed || response.write(text)) return;
    const heard = new AbortController();
    const { signal } = heard;
    await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })]);
    heard.abort();
  }

  /** Breaks the connection. */
  cut(): void {
    this.response.destroy();
  }

  private event(choice: object): Promise<void> {
    const chunk = { object: 'chat.completion.chunk', choices: [{ index: 0, ...choice }] };
    return this.raw(`data: ${JSON.stringify(chunk)}\n\n`);
  }
}

/** An OpenAI-compatible server that keeps what it was sent and answers as each model's script says. */
export class FakeUpstream {
  /** What was asked, the first first. */
  readonly calls: UpstreamCall[] = [];
  private readonly scripts = new Map<string, UpstreamScript>();

  private constructor(
    private readonly loopback: Loopback,
    private models: readonly UpstreamModel[],
  ) {
    loopback.server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.answer(request, response).catch(() => response.destroy());
    });
  }

  static async start(models: readonly UpstreamModel[]): Promise<FakeUpstream> {
    const loopback = await listenOnLoopback(createServer());
    // A suite that broke off before it could stop this must still end.
    loopback.server.unref();
    return new FakeUpstream(loopback, models);
  }

  /** Where its API begins. */
  get url(): string {
    return `${this.loopback.url}/v1`;
  }

  /** From the next request to this model on. */
  on(model: string, script: UpstreamScript): void {
    this.scripts.set(model, script);
  }

  /** What it lists from now on. */
  offer(models: readonly UpstreamModel[]): void {
    this.models = models;
  }

  callsOf(model: string): readonly UpstreamCall[] {
    return this.calls.filter(({ body }) => body.model === model);
  }

  stop(): Promise<void> {
    return this.loopback.stop();
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await textOf(request);
    if (request.url === '/v1/models') {
      const data = this.models.map((model) => ({
        object: 'model',
        ...(typeof model === 'string' ? { id: model } : model),
      }));
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ object: 'list', data }));
      return;
    }
    const call = new UpstreamCall(request.url ?? '', text, request.headers, response);
    this.calls.push(call);
    await (this.scripts.get(String(call.body.model)) ?? scriptDefault)(call);
  }
}
