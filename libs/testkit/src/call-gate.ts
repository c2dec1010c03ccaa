import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request,
  type ServerResponse,
} from 'node:http';
import { type Loopback, listenOnLoopback } from './loopback.js';

/** Which calls go no further: the service never hears of them, or its caller never hears its answer. */
export type StoppedCalls = Readonly<{ path: RegExp; at: 'call' | 'answer' }>;

/** Stands between a service and its callers, so that a test can hold what passes between them at one moment. */
export class CallGate {
  private serviceUrl: string | undefined;
  private stopped: StoppedCalls | undefined;
  private count = 0;

  private constructor(private readonly door: Loopback) {}

  static async start(): Promise<CallGate> {
    const server = createServer((call, answer) => {
      // A call whose caller or service is gone has no answer; its caller sees that.
      gate.pass(call, answer).catch(() => answer.destroy());
    });
    const gate: CallGate = new CallGate(await listenOnLoopback(server));
    return gate;
  }

  get url(): string {
    return this.door.url;
  }

  /** Of the calls that were to be stopped, how many have been. */
  get stoppedCount(): number {
    return this.count;
  }

  leadTo(serviceUrl: string | undefined): void {
    this.serviceUrl = serviceUrl;
  }

  stop(stopped: StoppedCalls): void {
    this.stopped = stopped;
    this.count = 0;
  }

  /** What was stopped stays so. */
  open(): void {
    this.stopped = undefined;
  }

  /** Whoever still waits for an answer gets none. */
  close(): Promise<void> {
    return this.door.stop();
  }

  private async pass(call: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { method, url: path = '/', headers } = call;
    const at = this.stopped?.path.test(path) ? this.stopped.at : undefined;
    if (at === 'call') {
      this.count += 1;
      return;
    }
    const onward = request(new URL(path, this.serviceUrl), { method, headers: passing(headers) });
    call.pipe(onward);
    const [heard] = (await once(onward, 'response')) as [IncomingMessage];
    if (at === 'answer') {
      heard.resume();
      await once(heard, 'end');
      this.count += 1;
      return;
    }
    answer.writeHead(heard.statusCode ?? 502, passing(heard.headers));
    heard.pipe(answer);
  }
}

function passing({ connection: _connection, ...others }: OutgoingHttpHeaders): OutgoingHttpHeaders {
  return others;
}
