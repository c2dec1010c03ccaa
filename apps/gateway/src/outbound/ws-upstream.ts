import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { internalHeaders } from '@aisbf/contracts';
import { type EgressConnectors, EgressRefused } from '@aisbf/egress';
import { type ClientOptions, WebSocket } from 'ws';
import {
  DeadlinePassed,
  SessionUpstream,
  type UpstreamAnswer,
  UpstreamBroken,
  type UpstreamRequest,
} from '../services/upstream.js';
import { type WsFrameLimits, WsFrames } from '../ws-frames.js';
import type { EgressRefusals } from './egress-refusals.js';
import { brokenBy, retryHeadersOf, translated } from './http-upstream.js';

export type WsUpstreamOptions = Readonly<{
  connectors: EgressConnectors;
  refusals: EgressRefusals;
  frames: WsFrameLimits;
  frameBytesMax: number;
}>;

type HttpCandidate = Extract<UpstreamRequest['candidate'], { kind: 'http' }>;

/** Opens sessions with hosted APIs: at their addresses, with what opens their doors, and through the same guard. */
export class WsUpstream extends SessionUpstream {
  constructor(private readonly options: WsUpstreamOptions) {
    super();
  }

  async send(request: UpstreamRequest): Promise<UpstreamAnswer> {
    const { candidate } = request;
    // No worker can be reached so, and the router names none.
    if (candidate.kind !== 'http') throw new UpstreamBroken('unreachable');
    try {
      return await this.open(request, candidate);
    } catch (error) {
      if (error instanceof EgressRefused) this.options.refusals.note(candidate, error);
      throw brokenBy(error);
    }
  }

  private open(request: UpstreamRequest, candidate: HttpCandidate): Promise<UpstreamAnswer> {
    const { signal, deadlines } = request;
    const address = addressOf(candidate.url, request.path);
    const socket = new WebSocket(address, this.optionsFor(request, candidate, address));
    const answer = Promise.withResolvers<UpstreamAnswer>();
    const giveUp = (error: unknown) => {
      answer.reject(error);
      socket.terminate();
    };
    const onAbort = () => giveUp(signal.reason);
    const timer = setTimeout(() => giveUp(new DeadlinePassed()), deadlines.firstByteMs);
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('error', (error) => answer.reject(error));
    socket.on('open', () => answer.resolve(this.opened(socket)));
    socket.on('unexpected-response', (sent, response) => answer.resolve(refused(sent, response)));
    if (signal.aborted) onAbort();
    return answer.promise.finally(() => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    });
  }

  private optionsFor(
    { headers, requestId }: UpstreamRequest,
    candidate: HttpCandidate,
    address: URL,
  ): ClientOptions {
    const { connectors, frameBytesMax } = this.options;
    const connect = connectors[candidate.isOfOperator === true ? 'operator' : 'others'];
    return {
      headers: { [internalHeaders.requestId]: requestId, ...headers, ...candidate.headers },
      followRedirects: false,
      // A compressing socket costs a hundred times the memory of a plain one.
      perMessageDeflate: false,
      maxPayload: frameBytesMax,
      createConnection: ((
        _options: unknown,
        done: (error: Error | null, made?: Socket) => void,
      ) => {
        connect(
          {
            protocol: address.protocol === 'wss:' ? 'https:' : 'http:',
            hostname: address.hostname.replace(/^\[(.*)\]$/, '$1'),
            host: address.host,
            port: address.port,
          },
          (error, made) => (error ? done(error) : done(null, made)),
        );
      }) as unknown as NonNullable<ClientOptions['createConnection']>,
    };
  }

  private opened(socket: WebSocket): UpstreamAnswer {
    const frames = new WsFrames(socket, this.options.frames);
    return {
      status: 101,
      contentType: '',
      retry: {},
      brokerFault: undefined,
      body: nothing(),
      dismiss: () => frames.close(1000, ''),
      cancel: () => socket.terminate(),
      frames,
    };
  }
}

/** A base URL may have a query of its own, which may open the door. */
function addressOf(baseUrl: string, target: string): URL {
  const base = new URL(baseUrl);
  const [path = '', query = ''] = target.split('?', 2);
  const search = base.search === '' ? `?${query}` : `${base.search}&${query}`;
  const scheme = base.protocol === 'https:' ? 'wss:' : 'ws:';
  return new URL(`${scheme}//${base.host}${base.pathname.replace(/\/$/, '')}${path}${search}`);
}

/** It answers as to any request. */
function refused(request: ClientRequest, response: IncomingMessage): UpstreamAnswer {
  const end = () => request.destroy();
  response.on('error', () => undefined);
  return {
    status: response.statusCode ?? 500,
    contentType: response.headers['content-type'] ?? '',
    retry: retryHeadersOf(response.headers),
    brokerFault: undefined,
    body: translated(response),
    dismiss: end,
    cancel: end,
  };
}

async function* nothing(): AsyncIterable<Uint8Array> {}
