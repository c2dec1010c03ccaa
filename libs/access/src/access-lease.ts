import type { AccessRenewed, RenewAccess } from '@aisbf/contracts';
import type { Log } from '@aisbf/platform';
import { AccessKnowledge, type Forgotten } from './access-knowledge.js';

/** Accounts, as far as it keeps order among those who remember. */
export abstract class AccessOffice {
  abstract renew(question: RenewAccess): Promise<AccessRenewed>;
  abstract leave(verifierId: string): Promise<void>;
}

export type AccessLeaseSettings = Readonly<{
  verifierId: string;
  /** How often accounts is asked. Several times a lease, so that one lost answer ends nothing. */
  renewMs: number;
  /** How long after a question its answer may be relied upon. Accounts waits as long for one that is silent. */
  leaseMs: number;
  changesMax: number;
}>;

/**
 * The leave to remember who may do what. Accounts gives it for a moment at a time, with all that has changed,
 * and answers a revocation when everybody serves it or has lost this leave. It counts from the moment at which
 * the question was sent: an answer that was long on its way gives no more time than it is worth.
 */
export class AccessLease {
  readonly knowledge: AccessKnowledge;
  private heldUntilMs = Number.NEGATIVE_INFINITY;
  private readonly listeners: ((what: Forgotten) => void)[] = [];
  private timer: NodeJS.Timeout | undefined;
  private renewing: Promise<void> | undefined;
  private isHurried = false;
  private isStopped = false;

  constructor(
    private readonly office: AccessOffice,
    private readonly settings: AccessLeaseSettings,
    private readonly log: Log,
    /** A clock that is never set. */
    private readonly monotonicMs: () => number = () => performance.now(),
  ) {
    this.knowledge = new AccessKnowledge(settings.changesMax);
  }

  /** False: nothing that is remembered may be used; whoever wants to know asks accounts. */
  get isHeld(): boolean {
    return this.monotonicMs() < this.heldUntilMs;
  }

  /** Each is called for each change before accounts hears that it is served. */
  whenChanged(forget: (what: Forgotten) => void): void {
    this.listeners.push(forget);
  }

  /** Resolves after the first question, whatever came of it. */
  async start(): Promise<void> {
    await this.renew();
  }

  /** Something has changed: asks at once, and again where a question is under way. */
  hurry(): void {
    if (this.isStopped) return;
    if (this.renewing !== undefined) this.isHurried = true;
    else void this.renew();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    await this.renewing;
    this.heldUntilMs = Number.NEGATIVE_INFINITY;
    await this.office.leave(this.settings.verifierId).catch((error: unknown) => {
      this.log.debug({ error }, 'could not take leave of accounts; it waits out the lease');
    });
  }

  private renew(): Promise<void> {
    clearTimeout(this.timer);
    this.renewing = this.renewUntilServed().finally(() => {
      this.renewing = undefined;
      if (this.isStopped) return;
      this.timer = setTimeout(() => void this.renew(), this.settings.renewMs);
    });
    return this.renewing;
  }

  /** What was just learned is told at once: somebody may be waiting for it. */
  private async renewUntilServed(): Promise<void> {
    for (;;) {
      this.isHurried = false;
      const isNews = await this.ask();
      if (this.isStopped || !(isNews || this.isHurried)) return;
    }
  }

  /** Whether the answer held something new. */
  private async ask(): Promise<boolean> {
    const { verifierId, leaseMs } = this.settings;
    const { revision } = this.knowledge;
    const sentAtMs = this.monotonicMs();
    const wasHeld = this.isHeld;
    try {
      const renewed = await this.office.renew({ type: 'renew-access', verifierId, revision });
      const forgotten = this.knowledge.learn(renewed);
      for (const forget of this.listeners) forget(forgotten);
      this.heldUntilMs = sentAtMs + leaseMs;
      return renewed.revision !== revision;
    } catch (error) {
      if (wasHeld)
        this.log.warn({ error }, 'accounts does not renew the leave to remember callers');
      return false;
    }
  }
}
