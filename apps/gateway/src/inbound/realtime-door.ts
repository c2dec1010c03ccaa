import type { IncomingMessage } from 'node:http';
import { Log } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { WebSocketServer } from 'ws';
import { faults } from '../domain/faults.js';
import { readRealtimeWork } from '../domain/realtime-work.js';
import { OpenSessions } from '../services/open-sessions.js';
import { RealtimeInference } from '../services/realtime-inference.js';
import type { WsFrameLimits } from '../ws-frames.js';
import {
  newRequestId,
  placeOf,
  protocolsOf,
  sessionOf,
  socketTokenOf,
  usernameOf,
} from './buyer-request.js';
import { DoorLimits, valid } from './inference-door.js';
import type { RouteSet } from './openai-routes.js';
import { type Upgrade, upgradeOf } from './upgrades.js';
import { WsBuyer } from './ws-buyer.js';

export class RealtimeLimits {
  constructor(
    readonly sessionsMax: number,
    readonly frameBytesMax: number,
    readonly frames: WsFrameLimits,
    /** What a session is admitted with money for. */
    readonly outputTokens: number,
  ) {}
}

const protocol = 'realtime';

/** Where sessions come in: an upgrade is answered when somebody serves, and refused as any request is. */
@Injectable()
export class RealtimeDoor implements RouteSet {
  private readonly server: WebSocketServer;
  private readonly heads = new WeakMap<IncomingMessage, readonly string[]>();

  constructor(
    private readonly inference: RealtimeInference,
    private readonly sessions: OpenSessions,
    private readonly limits: RealtimeLimits,
    private readonly door: DoorLimits,
    private readonly log: Log,
  ) {
    this.server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      // A compressing socket costs a hundred times the memory of a plain one.
      perMessageDeflate: false,
      maxPayload: limits.frameBytesMax,
      // The others hold secrets, and are never said again.
      handleProtocols: (offered) => (offered.has(protocol) ? protocol : false),
    });
    this.server.on('headers', (headers, request) =>
      headers.push(...(this.heads.get(request) ?? [])),
    );
  }

  addTo(scope: Parameters<RouteSet['addTo']>[0]): void {
    scope.get('/realtime', (request, reply) => this.serve(request, reply));
  }

  private async serve(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const upgrade = upgradeOf(request.raw);
    if (!upgrade) throw faults.UPGRADE_MISSING();
    const requestId = newRequestId();
    request.id = requestId;
    const apiToken = socketTokenOf(request);
    const isBeta = speaksBeta(request);
    const work = this.readWork(request, isBeta);
    if (this.sessions.isLeaving) throw faults.SESSION_LEAVING();
    if (this.sessions.count >= this.limits.sessionsMax) throw faults.OVERLOADED();
    const owner = { apiToken, clientAddress: request.ip };
    const session = this.sessions.add(owner);
    const { server, heads, limits } = this;
    const parts = { upgrade, session, requestId, server, heads, frames: limits.frames };
    const buyer = new WsBuyer(parts);
    try {
      const pathUsername = usernameOf(request);
      await this.inference.run({ requestId, ...owner, pathUsername, work }, buyer);
    } catch (error) {
      if (!buyer.isOpen) throw error;
      this.log.error({ requestId, error }, 'a bug');
    } finally {
      buyer.finish();
      this.sessions.remove(session);
    }
    return part(reply, buyer, upgrade);
  }

  private readWork(request: FastifyRequest, isBeta: boolean) {
    const query = new URL(request.url, 'http://gateway').searchParams;
    if (query.has('call_id') || query.has('intent')) throw faults.CALL_UNSUPPORTED();
    return valid(
      readRealtimeWork(query, {
        place: placeOf(request),
        sessionHeader: sessionOf(request),
        signalLimits: this.door.signals,
        isBeta,
        outputTokens: this.limits.outputTokens,
      }),
    );
  }
}

/** Somebody who hung up before there was an answer gets none. */
function part(reply: FastifyReply, buyer: WsBuyer, { socket }: Upgrade): FastifyReply {
  if (!buyer.isOpen) socket.destroy();
  return reply.hijack();
}

/** In a header, or, as browsers must, among the subprotocols. */
function speaksBeta(request: FastifyRequest): boolean {
  const beta = String(request.headers['openai-beta'] ?? '');
  return /\brealtime=v1\b/.test(beta) || protocolsOf(request).includes('openai-beta.realtime-v1');
}
