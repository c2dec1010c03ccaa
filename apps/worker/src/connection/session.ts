import { randomUUID } from 'node:crypto';
import {
  type BrokerFrame,
  heartbeatAnswerFrame,
  heartbeatFrame,
  type Registration,
  readBinaryBrokerFrame,
  readBrokerFrame,
  registerFrame,
  type Vitals,
} from '@aisbf/broker-protocol';
import { type RawData, WebSocket } from 'ws';
import { type Log, printable } from '../log.js';
import type { Desk } from '../requests/desk.js';
import type { FrameSink } from '../requests/reply.js';
import { agreedTerms } from '../requests/terms.js';
import type { MarketStatus } from '../status.js';
import type { MarketAddress } from './market-address.js';
import { Outbox, type OutboxLimits } from './outbox.js';
import { readRefusal } from './refusal.js';
import type { SessionEnding } from './session-ending.js';

export type SessionLimits = OutboxLimits &
  Readonly<{
    greetingMsMax: number;
    pingEveryMs: number;
    silenceMsMax: number;
    heartbeatEveryMs: number;
    frameBytesMax: number;
  }>;

export type SessionOptions = Readonly<{
  /** Asked for each session, because the registration token may have been replaced. */
  address: () => MarketAddress;
  /** Speaks none of the extensions. */
  isPlain: boolean;
  limits: SessionLimits;
  registration: () => Omit<Registration, 'requestId'>;
  /** Looks at the hardware, which can take a while. */
  measure: () => Promise<void>;
  vitals: () => Vitals;
  openDesk: (sink: FrameSink) => Desk;
  log: Log;
  show: (news: Partial<MarketStatus>) => void;
}>;

/** How long the goodbye may take before the socket is dropped. */
const closeMsMax = 5_000;

/**
 * One connection to the market, from the first packet to the last.
 *
 * - `opening`: no socket yet
 * - `greeting`: the socket is open and `register` was sent; the market has not accepted it yet
 * - `serving`: accepted; requests come
 * - `leaving`: takes no new work, finishes what it has
 * - `ended`: final; `run` has told why
 */
type SessionState = 'opening' | 'greeting' | 'serving' | 'leaving' | 'ended';

type RegisteredFrame = Extract<BrokerFrame, { kind: 'registered' }>;
type ExtensionFrame = Extract<BrokerFrame, { kind: 'cancel' | 'drain' | 'window' }>;

export class Session {
  readonly #options: SessionOptions;
  readonly #socket: WebSocket;
  readonly #outbox: Outbox;
  readonly #desk: Desk;
  readonly #ending = Promise.withResolvers<SessionEnding>();
  readonly #farewell = Promise.withResolvers<number | undefined>();
  readonly #timers: NodeJS.Timeout[] = [];
  #greetingTimer: NodeJS.Timeout | undefined;
  #state: SessionState = 'opening';
  #heardAtMs = performance.now();
  #acceptedAtMs: number | undefined;
  #socketError: string | undefined;
  #extensions: ReadonlySet<string> = new Set();

  constructor(options: SessionOptions) {
    this.#options = options;
    const { limits } = options;
    const address = options.address();
    this.#socket = new WebSocket(address.url, {
      headers: address.headers,
      handshakeTimeout: limits.greetingMsMax,
      maxPayload: limits.frameBytesMax,
      perMessageDeflate: false,
    });
    this.#outbox = new Outbox(this.#socket, limits);
    this.#desk = options.openDesk(this.#outbox);
  }

  /** How long it has been accepted for; 0 for a session that never was. */
  get servedMs(): number {
    return this.#acceptedAtMs === undefined ? 0 : performance.now() - this.#acceptedAtMs;
  }

  /** Resolves when the broker says that it leaves, with the time that it grants, where it says so. */
  get farewell(): Promise<number | undefined> {
    return this.#farewell.promise;
  }

  get largestSentBytes(): number {
    return this.#outbox.largestBytes;
  }

  /** Resolves with the reason when the session has ended. Called once. */
  async run(): Promise<SessionEnding> {
    const socket = this.#socket;
    socket.on('open', () => this.#greet());
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('pong', () => this.#hear());
    socket.on('ping', () => this.#hear());
    socket.on('unexpected-response', (_request, response) => {
      void readRefusal(response).then((refusal) => this.#end(refusal));
    });
    socket.on('error', (error) => this.#failSocket(error));
    socket.on('close', (code, reason) => {
      const text = printable(reason.toString('utf8')) || (this.#socketError ?? '');
      const wasAccepted = this.#acceptedAtMs !== undefined;
      const closed = { kind: 'closed', code, reason: text, wasAccepted } as const;
      this.#end(this.#state === 'leaving' ? { kind: 'left' } : closed);
    });
    return this.#ending.promise;
  }

  /** Tells the market that the models have changed. */
  register(): void {
    if (this.#state === 'opening' || this.#state === 'ended') return;
    const requestId = `reg-${randomUUID()}`;
    this.#outbox.send(registerFrame({ requestId, ...this.#options.registration() }));
  }

  /** Takes no new work, finishes what runs within the grace time, and says goodbye. */
  async leave(graceMs: number): Promise<void> {
    if (this.#state === 'opening' || this.#state === 'greeting') return this.#end({ kind: 'left' });
    if (this.#state !== 'serving') return;
    this.#state = 'leaving';
    const graceTimer = Promise.withResolvers<void>();
    const timer = setTimeout(() => graceTimer.resolve(), graceMs);
    await Promise.race([this.#desk.drain(), graceTimer.promise, this.#ending.promise]);
    clearTimeout(timer);
    this.#timers.push(setTimeout(() => this.#end({ kind: 'left' }), closeMsMax));
    this.#socket.close(1000, 'worker stopped');
    await this.#ending.promise;
  }

  #greet(): void {
    this.#state = 'greeting';
    this.#hear();
    const { greetingMsMax, pingEveryMs } = this.#options.limits;
    this.#greetingTimer = setTimeout(() => this.#end({ kind: 'unanswered' }), greetingMsMax);
    this.#timers.push(setInterval(() => this.#probe(), pingEveryMs));
    this.register();
  }

  #receive(data: RawData, isBinary: boolean): void {
    this.#hear();
    if (this.#state === 'ended') return;
    const frame = this.#read(data, isBinary);
    if (isExtension(frame) && !this.#knows(frame.kind)) this.#desk.refuse(frame.requestId);
    else this.#handle(frame);
  }

  #read(data: RawData, isBinary: boolean): BrokerFrame {
    // A message arrives in one buffer; fragments and array buffers are only made where they are asked for.
    if (!Buffer.isBuffer(data)) return readBrokerFrame('');
    if (!isBinary) return readBrokerFrame(data.toString('utf8'));
    return this.#outbox.terms.isBinary ? readBinaryBrokerFrame(data) : readBrokerFrame('');
  }

  /** To cancel, the market needs our word only; for the others it has to offer them as well. */
  #knows(extension: 'cancel' | 'drain' | 'window'): boolean {
    if (this.#options.isPlain) return false;
    if (extension === 'window') return this.#outbox.terms.windowBytes !== undefined;
    return extension === 'cancel' || this.#extensions.has(extension);
  }

  #handle(frame: BrokerFrame): void {
    switch (frame.kind) {
      case 'registered':
        this.#accept(frame);
        break;
      case 'rejected':
        this.#reject(frame.code, frame.message);
        break;
      case 'heartbeat':
        this.#outbox.send(heartbeatAnswerFrame(frame.requestId, this.#options.vitals()));
        break;
      case 'cancel':
        this.#desk.cancel(frame.requestId);
        break;
      case 'window':
        this.#desk.read(frame.requestId, frame.readBytes);
        break;
      case 'drain':
        this.#farewell.resolve(frame.graceMs);
        break;
      case 'work':
        this.#desk.take(frame);
        break;
      case 'unreadable':
        this.#options.log.warn({ reason: frame.reason }, 'market sent an unreadable frame');
        break;
      case 'acknowledged':
        break;
    }
  }

  /** The first acceptance opens the session; the later ones answer to changed models. */
  #accept({ sessionId, extensions, frameBytesMax, streamWindowBytes }: RegisteredFrame): void {
    this.#extensions = extensions;
    if (!this.#options.isPlain) {
      if (frameBytesMax !== undefined) this.#outbox.limitFrames(frameBytesMax);
      this.#outbox.agree(agreedTerms(extensions, streamWindowBytes));
    }
    if (this.#state !== 'greeting') return;
    this.#state = 'serving';
    this.#acceptedAtMs = performance.now();
    clearTimeout(this.#greetingTimer);
    const session = printable(sessionId);
    const { log, show } = this.#options;
    log.info({ session, extensions: [...extensions].map(printable) }, 'connected to the market');
    const calm = { retryAtMs: undefined, reason: undefined, next: undefined };
    show({ ...calm, state: 'connected', session, sinceMs: Date.now() });
    this.#beat();
    this.#timers.push(setInterval(() => this.#beat(), this.#options.limits.heartbeatEveryMs));
  }

  #reject(code: string, message: string): void {
    const shown = { code: printable(code), message: printable(message) };
    if (this.#state === 'greeting') this.#end({ kind: 'rejected', ...shown });
    else this.#options.log.warn(shown, 'market rejected a message');
  }

  #hear(): void {
    this.#heardAtMs = performance.now();
  }

  #probe(): void {
    const silentMs = performance.now() - this.#heardAtMs;
    if (silentMs > this.#options.limits.silenceMsMax) this.#end({ kind: 'silent' });
    else if (this.#socket.readyState === WebSocket.OPEN) this.#socket.ping();
  }

  #beat(): void {
    const { measure, vitals } = this.#options;
    void measure().then(() => this.#outbox.send(heartbeatFrame(`hb-${randomUUID()}`, vitals())));
  }

  #failSocket(error: Error): void {
    const code = (error as NodeJS.ErrnoException).code;
    const reason = printable(error.message || code || error.name);
    if (this.#state === 'opening') this.#end({ kind: 'unreachable', reason });
    else this.#socketError = reason;
  }

  /** The first reason counts; what follows from it is no news. */
  #end(ending: SessionEnding): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    clearTimeout(this.#greetingTimer);
    for (const timer of this.#timers) clearInterval(timer);
    this.#desk.abortAll();
    this.#outbox.close();
    this.#socket.terminate();
    this.#ending.resolve(ending);
  }
}

function isExtension(frame: BrokerFrame): frame is ExtensionFrame {
  return frame.kind === 'cancel' || frame.kind === 'drain' || frame.kind === 'window';
}
