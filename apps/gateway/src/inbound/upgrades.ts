import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** What was sent ahead of an upgrade's answer: a client that waits for it sends nothing. */
const earlyBytesMax = 65_536;
/** How long somebody who was refused may take to hang up. */
const hangUpMsMax = 2_000;

/** A connection whose client asks for a WebSocket, and has no answer yet. */
export class Upgrade {
  private readonly leaving = new AbortController();
  /** Aborted when the client hangs up. */
  readonly left: AbortSignal = this.leaving.signal;
  private readonly early: Buffer[];
  private earlyBytes = 0;

  constructor(
    readonly request: IncomingMessage,
    readonly socket: Socket,
    head: Buffer,
    private readonly response: ServerResponse,
  ) {
    this.early = [head];
    // Who is not read is not heard hanging up.
    socket.on('data', this.onData);
    socket.on('end', this.onEnd);
    socket.on('error', this.onEnd);
    socket.on('close', () => this.leaving.abort());
  }

  /** The connection, for whoever speaks on it from here on. Nothing of it is read until that reads it. */
  take(): Readonly<{ request: IncomingMessage; socket: Socket; head: Buffer }> {
    const { request, socket } = this;
    socket.pause();
    socket.off('data', this.onData);
    socket.off('end', this.onEnd);
    this.response.detachSocket(socket);
    return { request, socket, head: Buffer.concat(this.early) };
  }

  private readonly onData = (bytes: Buffer) => {
    this.earlyBytes += bytes.length;
    this.early.push(bytes);
    if (this.earlyBytes > earlyBytesMax) this.socket.destroy();
  };

  private readonly onEnd = () => this.socket.destroy();
}

const upgrades = new WeakMap<IncomingMessage, Upgrade>();

/** Programs ask for other upgrades too, such as HTTP/2, and take it well when nobody answers that. */
export function mayUpgrade({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket';
}

/** Undefined where no WebSocket was asked for. */
export function upgradeOf(request: IncomingMessage): Upgrade | undefined {
  return upgrades.get(request);
}

/**
 * Leads requests for a WebSocket through the same routes, hooks and errors as all others. Unless one is taken, it gets an
 * ordinary answer, and its connection is closed.
 */
export function routeUpgrades(fastify: FastifyInstance): void {
  fastify.server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    response.on('finish', () => part(socket));
    upgrades.set(request, new Upgrade(request, socket, head, response));
    fastify.routing(request, response);
  });
}

function part(socket: Socket): void {
  socket.end();
  const timer = setTimeout(() => socket.destroy(), hangUpMsMax);
  socket.once('close', () => clearTimeout(timer));
}
