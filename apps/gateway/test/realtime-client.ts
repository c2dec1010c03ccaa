import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { type RealtimeFrame, until } from '@aisbf/testkit';
import { type ClientOptions, WebSocket } from 'ws';
import type { GatewayBench } from './gateway-bench.js';

/** How an upgrade was refused. */
export type RefusedUpgrade = Readonly<{
  status: number;
  headers: IncomingMessage['headers'];
  error: Readonly<{ code: string; type: string; message: string; param: string | null }>;
}>;

/** A buyer's end of a session, that keeps all it gets. */
export class RealtimeClient {
  readonly events: RealtimeFrame[] = [];
  head: IncomingMessage['headers'] = {};
  closed: Readonly<{ code: number; reason: string }> | undefined;

  private constructor(readonly socket: WebSocket) {
    socket.on('upgrade', ({ headers }) => {
      this.head = headers;
    });
    socket.on('message', (data) => this.events.push(JSON.parse(String(data)) as RealtimeFrame));
    socket.on('error', () => undefined);
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: String(reason) };
    });
  }

  static async open(
    bench: Pick<GatewayBench, 'url' | 'apiToken'>,
    path = '/v1/realtime?model=p/m',
    protocols: readonly string[] = [],
    options: ClientOptions = { headers: { authorization: `Bearer ${bench.apiToken}` } },
  ): Promise<RealtimeClient> {
    const url = `${bench.url.replace('http', 'ws')}${path}`;
    const client = new RealtimeClient(new WebSocket(url, [...protocols], options));
    await once(client.socket, 'open');
    return client;
  }

  static async refused(
    bench: Pick<GatewayBench, 'url' | 'apiToken'>,
    path = '/v1/realtime?model=p/m',
    headers: Readonly<Record<string, string>> = { authorization: `Bearer ${bench.apiToken}` },
  ): Promise<RefusedUpgrade> {
    const socket = new WebSocket(`${bench.url.replace('http', 'ws')}${path}`, { headers });
    const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
    const parts = await response.toArray();
    const { error } = JSON.parse(Buffer.concat(parts as Buffer[]).toString());
    return { status: response.statusCode ?? 0, headers: response.headers, error };
  }

  get requestId(): string {
    return String(this.head['x-request-id']);
  }

  send(event: RealtimeFrame): void {
    this.socket.send(JSON.stringify(event));
  }

  /** Says something, and asks for an answer. */
  ask(text: string, response?: object): void {
    const content = [{ type: 'input_text', text }];
    this.send({
      type: 'conversation.item.create',
      item: { type: 'message', role: 'user', content },
    });
    this.send({ type: 'response.create', ...(response && { response }) });
  }

  of(type: string): readonly RealtimeFrame[] {
    return this.events.filter((event) => event.type === type);
  }

  /** The so-manieth event of a type, when it is there. */
  wait(type: string, count = 1): Promise<RealtimeFrame> {
    return until(() => this.of(type)[count - 1], { message: `${count} ${type} came` });
  }

  /** With which codes of errors, and of the close, it has ended. */
  async end(): Promise<Readonly<{ errors: readonly unknown[]; code: number }>> {
    const { code } = await until(() => this.closed, { message: 'the session is closed' });
    return { errors: this.errors, code };
  }

  get errors(): readonly unknown[] {
    return this.of('error').map(({ error }) => (error as { code: string }).code);
  }
}
