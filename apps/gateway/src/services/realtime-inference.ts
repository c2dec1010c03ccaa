import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { Admitting } from './admitting.js';
import { AttemptBook } from './attempts.js';
import { Inference } from './inference.js';
import type { SessionBuyer } from './session-buyer.js';
import { SessionRelay } from './session-relay.js';
import { Settlements } from './settlements.js';
import { SessionUpstream } from './upstream.js';

/** The same for sessions: one is planned, tried and reported as a request is, and lasts longer. */
@Injectable()
export class RealtimeInference extends Inference<SessionBuyer> {
  constructor(
    admitting: Admitting,
    upstream: SessionUpstream,
    settlements: Settlements,
    book: AttemptBook,
    clock: Clock,
    relay: SessionRelay,
  ) {
    super(admitting, upstream, settlements, book, clock, relay);
  }
}
