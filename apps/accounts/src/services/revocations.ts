import { setTimeout as delay } from 'node:timers/promises';
import type { AccessRenewed, Acknowledgement } from '@aisbf/contracts';
import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';

/** The changes of access, in the order in which they became visible, and who serves which. */
export abstract class AccessStore {
  /**
   * Notes which revision a process serves, and then reads what has changed. In this order, each on its own:
   * whoever looks for those behind either sees the process, or has been seen by it.
   */
  abstract renew(verifierId: string, revision: number | null): Promise<AccessRenewed>;
  abstract leave(verifierId: string): Promise<void>;
  abstract latestRevision(): Promise<number>;
  /** Those whose leave may still last, and who serve an older revision. */
  abstract behind(revision: number, leaseMs: number): Promise<readonly string[]>;
  /** Forgets changes that everybody has long heard, and processes that are long gone. */
  abstract prune(keptMs: number): Promise<void>;
}

/** Wakes those who remember callers. A hint: they ask by themselves a moment later. */
export abstract class AccessAnnouncer {
  abstract announce(): void;
}

export class RevocationSettings {
  constructor(
    readonly leaseMs: number,
    readonly waitMsMax: number,
  ) {}
}

/** Clocks of two machines count a second alike to within less than this. */
const clockDriftMs = 50;
/** How long to wait before looking again who is behind: they answer within a few milliseconds. */
const lookMs = 5;

/** Makes sure that a change of access has reached everybody. */
@Injectable()
export class Revocations {
  constructor(
    private readonly store: AccessStore,
    private readonly announcer: AccessAnnouncer,
    private readonly settings: RevocationSettings,
    private readonly clock: Clock,
  ) {}

  /**
   * To be called after the change is committed. Resolves when every process that remembers callers has said
   * that it serves it, or has lost its leave to remember; or, after a while, with those who have not.
   */
  async acknowledged(): Promise<Acknowledgement> {
    const endMs = this.clock.nowMs() + this.settings.waitMsMax;
    const revision = await this.store.latestRevision();
    this.announcer.announce();
    for (;;) {
      const missing = await this.store.behind(revision, this.settings.leaseMs + clockDriftMs);
      if (missing.length === 0) return { revision, isAcknowledged: true, missing: [] };
      if (this.clock.nowMs() >= endMs) {
        return { revision, isAcknowledged: false, missing: [...missing] };
      }
      await delay(lookMs);
    }
  }
}
