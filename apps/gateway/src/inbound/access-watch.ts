import { AccessChanged, subjects } from '@aisbf/contracts';
import { NatsBus, Repeating } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { OpenSessions } from '../services/open-sessions.js';

export class AccessWatchSettings {
  constructor(
    /** How often is looked where nobody rings. */
    readonly everyMs: number,
  ) {}
}

/** Has the API tokens of sessions looked at when somebody's access has changed, and now and then where the bus is away. */
@Injectable()
export class AccessWatch {
  private readonly rounds: Repeating;

  constructor(
    private readonly sessions: OpenSessions,
    private readonly bus: NatsBus,
    settings: AccessWatchSettings,
  ) {
    this.rounds = new Repeating(() => this.sessions.recheck(), settings.everyMs);
  }

  start(): void {
    this.bus.subscribe(subjects.accessChanged, AccessChanged, () => void this.sessions.recheck());
    this.rounds.start();
  }

  stop(): Promise<void> {
    return this.rounds.stop();
  }
}
