import type { IncomingMessage } from 'node:http';
import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import type { WebSocket } from 'ws';
import { BrokerLimits } from '../config.js';
import { UnfinishedFrame } from '../domain/unfinished-frame.js';
import type { Session } from '../services/session.js';

/** How large a frame of a worker may be, and how long it may take to arrive. */
@Injectable()
export class FrameLimits {
  readonly bytesMax: number;
  private readonly msMax: number;

  constructor(
    private readonly clock: Clock,
    limits: BrokerLimits,
  ) {
    this.bytesMax = limits.session.frameBytesInMax;
    this.msMax = limits.session.frameMsMax;
  }

  /** Silence is noticed elsewhere; this is for those who keep alive beside a frame that does not end. */
  watch(socket: WebSocket, session: Session, { socket: connection }: IncomingMessage): void {
    const unfinished = new UnfinishedFrame(this.msMax);
    const look = ({ length }: Buffer): void => {
      if (unfinished.onControl(length, connection.bytesRead, this.clock.nowMs())) {
        session.end('unreadable_frames', 'a frame that does not end');
      }
    };
    socket.on('message', () => unfinished.onMessage(connection.bytesRead));
    socket.on('ping', look);
    socket.on('pong', look);
  }
}
