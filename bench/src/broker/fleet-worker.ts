import { WebSocket } from 'ws';
import { backoffMs } from './backoff.js';
import { ownAddress, type Peer, socketUrl, type WorkerClaim } from './worker-claim.js';
import { heartbeatAnswerText, heartbeatText, modelsText, registerText } from './worker-words.js';

/** As the deployed client and the library that it is made with have them. */
const pingMs = 20_000;
const pongMsMax = 60_000;
const heartbeatMs = 30_000;
const handshakeMsMax = 10_000;

/** What all workers of a fleet have met since it was last asked for. */
export class FleetTally {
  attempts = 0;
  /** Attempts and connections that came to nothing, by what was met. */
  refusals: Record<string, number> = {};

  forget(): void {
    this.attempts = 0;
    this.refusals = {};
  }

  refused(what: string): void {
    this.refusals[what] = (this.refusals[what] ?? 0) + 1;
  }
}

type Frame = Readonly<{ op?: string; event?: string; request_id?: string; session_id?: string }>;

/**
 * A worker that does nothing but be there, as today's client is there: it speaks first, pings, beats, answers
 * what it is asked about itself, and comes back whenever it has lost its connection.
 */
export class FleetWorker {
  /** Accepted by its peer, and all its questions so far answered. */
  isRegistered = false;
  #socket: WebSocket | undefined;
  #failures = 0;
  #hasLeft = false;
  #openedAtMs = 0;
  #heardAtMs = 0;
  #timers: NodeJS.Timeout[] = [];

  constructor(
    private readonly where: Readonly<{ origin: string; peer: Peer }>,
    private readonly claim: WorkerClaim,
    private readonly index: number,
    private readonly tally: FleetTally,
  ) {}

  connect(): void {
    if (this.#hasLeft) return;
    this.tally.attempts += 1;
    const { origin, peer } = this.where;
    const socket = new WebSocket(socketUrl(origin, peer, this.claim, this.index), {
      perMessageDeflate: false,
      handshakeTimeout: handshakeMsMax,
      localAddress: ownAddress(this.index),
      agent: false,
    });
    this.#socket = socket;
    socket.on('open', () => this.#begin(socket));
    socket.on('message', (data) => this.#take(socket, JSON.parse(String(data)) as Frame));
    socket.on('pong', () => {
      this.#heardAtMs = Date.now();
    });
    // `close` follows, and there it is told.
    socket.on('error', (error: Error & { code?: string }) => {
      if (!this.#hasLeft) this.tally.refused(error.code ?? error.message);
    });
    socket.on('close', () => this.#lose());
  }

  /** Breaks off and does not come back. */
  leave(): void {
    this.#hasLeft = true;
    this.#stopTimers();
    this.#socket?.terminate();
  }

  #begin(socket: WebSocket): void {
    this.#openedAtMs = Date.now();
    this.#heardAtMs = this.#openedAtMs;
    this.#timers = [setInterval(() => this.#ping(socket), pingMs)];
    if (this.where.peer === 'floor') {
      this.#register();
      return;
    }
    socket.send(registerText(this.claim.registrationToken));
    let beats = 0;
    const beat = (): void => {
      beats += 1;
      socket.send(heartbeatText(`beat-${beats}`, this.#uptimeSeconds));
    };
    this.#timers.push(setInterval(beat, heartbeatMs));
  }

  #take(socket: WebSocket, { op, event, request_id: requestId = '' }: Frame): void {
    // The greeting has no request id; only the answer to our own register says that we are taken.
    if (event === 'registered' && requestId !== '') this.#register();
    if (op === 'models.list') socket.send(modelsText(requestId));
    else if (op === 'heartbeat') socket.send(heartbeatAnswerText(requestId, this.#uptimeSeconds));
    else if (op !== undefined) this.tally.refused(`asked for ${op}`);
  }

  #register(): void {
    this.isRegistered = true;
    this.#failures = 0;
  }

  #ping(socket: WebSocket): void {
    if (Date.now() - this.#heardAtMs > pongMsMax) socket.terminate();
    else socket.ping();
  }

  #lose(): void {
    this.isRegistered = false;
    this.#socket = undefined;
    this.#stopTimers();
    if (this.#hasLeft) return;
    this.#timers = [setTimeout(() => this.connect(), backoffMs(this.#failures))];
    this.#failures += 1;
  }

  #stopTimers(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers = [];
  }

  get isGone(): boolean {
    return this.#socket === undefined;
  }

  get #uptimeSeconds(): number {
    return Math.round((Date.now() - this.#openedAtMs) / 1_000);
  }
}
