import type { ProbeEnded, ProbeKind } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { ProbeEvents, type ProbeSkip } from '../probe-events.js';
import { Announcements } from './announcements.js';

/** Tells of probes: the routers, so that all of them learn the same, and whoever counts. */
@Injectable()
export class ProbeReports {
  constructor(
    private readonly announcements: Announcements,
    private readonly events: ProbeEvents,
  ) {}

  ended(ended: ProbeEnded): void {
    this.announcements.probeEnded(ended);
    this.events.ended(ended);
  }

  /** Says nothing of whoever was not asked. */
  skipped(kind: ProbeKind, why: ProbeSkip): void {
    this.events.skipped(kind, why);
  }
}
