import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { readIdentity, readScopePath } from '@aisbf/broker-protocol';
import { Log } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { Admission, type AdmissionResult } from '../services/admission.js';
import { Drain } from '../services/drain.js';
import type { Session } from '../services/session.js';
import { Sessions } from '../services/sessions.js';
import { BasePath } from './base-path.js';
import { FrameLimits } from './frame-limits.js';
import { writeRefusal } from './upgrade-refusal.js';
import { WsWorkerSocket } from './ws-worker-socket.js';

type Upgrade = Readonly<{ request: IncomingMessage; socket: Duplex; head: Buffer }>;

/** Where workers come in: whoever is refused is refused before its socket becomes one. */
@Injectable()
export class WorkerDoor {
  private readonly server: WebSocketServer;

  constructor(
    private readonly admission: Admission,
    private readonly sessions: Sessions,
    private readonly drain: Drain,
    private readonly basePath: BasePath,
    private readonly log: Log,
    private readonly frames: FrameLimits,
  ) {
    this.server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      // A compressing socket costs a hundred times the memory of a plain one.
      perMessageDeflate: false,
      maxPayload: frames.bytesMax,
    });
  }

  listen(server: Server): void {
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      // A peer that breaks off while it is looked at is no event.
      socket.on('error', () => socket.destroy());
      this.receive({ request, socket, head }).catch((error: unknown) => {
        this.log.error({ error }, 'a bug');
        socket.destroy();
      });
    });
  }

  private async receive(upgrade: Upgrade): Promise<void> {
    const url = parseUrl(upgrade.request.url);
    const scope = url && readScopePath(url.pathname, this.basePath.value);
    if (!url || scope?.endpoint !== 'socket') {
      writeRefusal(upgrade.socket, { status: 404 });
      return;
    }
    const identity = readIdentity(url.searchParams, upgrade.request.headers);
    const result = await this.admission.admit(scope.username, identity);
    if (upgrade.socket.destroyed) return;
    if (this.drain.isDraining) writeRefusal(upgrade.socket, { status: 503, waitMs: 1_000 });
    else this.answer(upgrade, result);
  }

  private answer(upgrade: Upgrade, result: AdmissionResult): void {
    if (result.type !== 'admitted') {
      const waitMs = result.type === 'later' ? result.waitMs : undefined;
      writeRefusal(upgrade.socket, { status: result.httpStatus, waitMs });
      return;
    }
    const waitMs = this.admission.takeoverWaitMs(result.identity);
    if (waitMs > 0) {
      writeRefusal(upgrade.socket, { status: 429, waitMs });
      return;
    }
    this.server.handleUpgrade(upgrade.request, upgrade.socket, upgrade.head, (socket) => {
      // In this order: a first frame may already be there, and must find its session.
      const session = this.sessions.open(
        result.identity,
        result.tokenHash,
        new WsWorkerSocket(socket),
      );
      connect(socket, session);
      this.frames.watch(socket, session, upgrade.request);
    });
  }
}

function connect(socket: WebSocket, session: Session): void {
  socket.on('message', (data: RawData, isBinary: boolean) => {
    const bytes = toBuffer(data);
    if (isBinary) session.onBinary(bytes);
    else session.onText(bytes);
  });
  socket.on('ping', () => session.onHeard());
  socket.on('pong', () => session.onHeard());
  socket.on('error', (error: Error & { code?: string }) => {
    if (error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') session.onOversized();
    else if (error.code?.startsWith('WS_ERR_')) session.end('unreadable_frames', error.code);
    else session.end('worker_left', error.message);
  });
  socket.on('close', (code: number) => session.end('worker_left', `code ${code}`));
}

/** Messages come in one buffer: the other forms are only made where they are asked for. */
function toBuffer(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}

function parseUrl(url: string | undefined): URL | undefined {
  return URL.parse(url ?? '', 'http://broker') ?? undefined;
}
