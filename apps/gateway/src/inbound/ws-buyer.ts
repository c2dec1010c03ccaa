import type { IncomingMessage } from 'node:http';
import type { WebSocketServer } from 'ws';
import type { AnswerHead } from '../services/buyer.js';
import type { Frames } from '../services/frames.js';
import type { OpenSession } from '../services/open-sessions.js';
import { SessionBuyer } from '../services/session-buyer.js';
import { type WsFrameLimits, WsFrames } from '../ws-frames.js';
import { answerHeaders } from './http-buyer.js';
import type { Upgrade } from './upgrades.js';

export type WsBuyerParts = Readonly<{
  upgrade: Upgrade;
  session: OpenSession;
  requestId: string;
  server: WebSocketServer;
  /** What the server says with each upgrade. */
  heads: WeakMap<IncomingMessage, readonly string[]>;
  frames: WsFrameLimits;
}>;

/** The buyer behind a WebSocket, which is one only when somebody serves. */
export class WsBuyer extends SessionBuyer {
  readonly left: AbortSignal;
  readonly over: AbortSignal;
  readonly leaving: AbortSignal;
  private frames: WsFrames | undefined;
  private closing: Readonly<{ code: number | undefined; reason: string }> | undefined;

  constructor(private readonly parts: WsBuyerParts) {
    super();
    this.left = parts.upgrade.left;
    this.over = parts.session.over;
    this.leaving = parts.session.leaving;
  }

  get isOpen(): boolean {
    return this.frames !== undefined;
  }

  expire(): void {
    this.parts.session.end('expired');
  }

  open(head: AnswerHead): Promise<Frames> {
    const { upgrade, server, heads, requestId, frames: limits } = this.parts;
    return new Promise((resolve, reject) => {
      this.left.addEventListener('abort', () => reject(this.left.reason), { once: true });
      if (this.left.aborted) return reject(this.left.reason);
      const { request, socket, head: early } = upgrade.take();
      const headers = Object.entries(answerHeaders(head, requestId, ['x-request-id']));
      heads.set(
        request,
        headers.map(([name, value]) => `${name}: ${value}`),
      );
      server.handleUpgrade(request, socket, early, (opened) => {
        this.frames = new WsFrames(opened, limits);
        socket.resume();
        resolve(this.frames);
      });
    });
  }

  closeWith(code: number | undefined, reason: string): void {
    this.closing = { code, reason };
  }

  /** Says farewell, when all else is done. What went wrong unseen has no other word. */
  finish(): void {
    const { code, reason } = this.closing ?? { code: 1011, reason: '' };
    this.frames?.close(code, reason);
  }
}
