import { createHash } from 'node:crypto';
import type { ClaimedIdentity } from '@aisbf/broker-protocol';
import type { AdmitWorker, WorkerVerdict } from '@aisbf/contracts';
import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { BrokerLimits } from '../config.js';
import { MinuteCounter } from '../domain/minute-counter.js';
import type { WorkerIdentity } from '../domain/worker-identity.js';
import { BrokerEvents } from '../events.js';
import { hashToken } from './session.js';
import { Sessions } from './sessions.js';

/** Who decides whether a worker may connect. */
export abstract class WorkerGate {
  abstract decide(claim: AdmitWorker): Promise<WorkerVerdict>;
}

/** The answer to a worker at the door. What exactly was wrong is for its owner, not for a stranger. */
export type AdmissionResult =
  | Readonly<{ type: 'admitted'; identity: WorkerIdentity; tokenHash: Buffer }>
  | Readonly<{ type: 'refused'; httpStatus: 401 | 403 }>
  | Readonly<{ type: 'later'; httpStatus: 429 | 503; waitMs: number }>;

const minuteMs = 60_000;
/** What those who cannot be looked at now are told to wait. */
const crowdedWaitMs = 5_000;

/** Decides at the door, before a socket is opened. */
@Injectable()
export class Admission {
  private readonly failures: MinuteCounter;
  private waiting = 0;

  constructor(
    private readonly gate: WorkerGate,
    private readonly sessions: Sessions,
    private readonly limits: BrokerLimits,
    private readonly events: BrokerEvents,
    private readonly clock: Clock,
  ) {
    this.failures = new MinuteCounter(limits.admission.failuresPerMinuteMax);
  }

  async admit(pathUsername: string, claimed: ClaimedIdentity): Promise<AdmissionResult> {
    const { username, providerName, clientId, registrationToken } = claimed;
    const claim = { pathUsername, username, providerName, clientId, registrationToken };
    if (!isDecidable(claim)) {
      this.events.workerRefused(named(claim), 'unknown_provider', null);
      return { type: 'refused', httpStatus: 401 };
    }
    const fingerprint = fingerprintOf(claim);
    if (this.failures.isFull(fingerprint, this.clock.nowMs())) {
      this.events.workerRefused(named(claim), 'too_many_attempts', null);
      return { type: 'later', httpStatus: 429, waitMs: minuteMs };
    }
    if (this.isCrowded) return { type: 'later', httpStatus: 503, waitMs: crowdedWaitMs };
    const verdict = await this.ask({ type: 'admit-worker', ...claim });
    if (!verdict) return { type: 'later', httpStatus: 503, waitMs: crowdedWaitMs };
    if (verdict.type === 'worker-refused') {
      this.failures.add(fingerprint, this.clock.nowMs());
      this.events.workerRefused(named(claim), verdict.reason, verdict.providerId);
      return { type: 'refused', httpStatus: verdict.httpStatus };
    }
    const { type: _, ...identity } = verdict;
    return { type: 'admitted', identity, tokenHash: hashToken(registrationToken) };
  }

  /** The last look before the upgrade: an identity that machines fight over is let in slowly. */
  takeoverWaitMs(identity: WorkerIdentity): number {
    const waitMs = this.sessions.takeoverWaitMs(identity);
    if (waitMs > 0) this.events.takeoversDamped(identity);
    return waitMs;
  }

  private get isCrowded(): boolean {
    const { waitingMax, sessionsMax } = this.limits.admission;
    return this.waiting >= waitingMax || this.sessions.count + this.waiting >= sessionsMax;
  }

  private async ask(claim: AdmitWorker): Promise<WorkerVerdict | undefined> {
    this.waiting += 1;
    try {
      return await this.gate.decide(claim);
    } catch (error) {
      // Nobody can say who this is at the moment, so it is asked to come back.
      this.events.admissionFailed(error);
      return undefined;
    } finally {
      this.waiting -= 1;
    }
  }
}

type Claim = Omit<AdmitWorker, 'type'>;

/** Longer texts than the question may hold are nobody's name or token. */
function isDecidable(claim: Claim): boolean {
  const names = [claim.pathUsername, claim.username, claim.providerName, claim.clientId];
  return names.every((name) => name.length <= 256) && claim.registrationToken.length <= 1024;
}

function named({ pathUsername, username, providerName, clientId }: Claim) {
  const short = (text: string): string => text.slice(0, 256);
  return {
    type: 'admit-worker' as const,
    pathUsername: short(pathUsername),
    username: short(username),
    providerName: short(providerName),
    clientId: short(clientId),
  };
}

/** The token is part of it: whoever guesses does not lock out the worker that knows. */
function fingerprintOf(claim: Claim): string {
  return createHash('sha256').update(JSON.stringify(claim)).digest('base64');
}
