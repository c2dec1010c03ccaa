import { randomBytes } from 'node:crypto';
import type { Lease } from '@aisbf/contracts';
import { type Nanos, nanos, parseNanos, zeroNanos } from '@aisbf/money';
import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { Allowance } from '../domain/allowance.js';
import type { TokenBuyer } from '../domain/buyer.js';
import { RouterEvents } from '../events.js';
import { Leases } from './leases.js';

/** Also the DI token. */
export class AllowanceSettings {
  constructor(
    readonly settings: Readonly<{
      /** Which replica this is. */
      holder: string;
      isOn: boolean;
      /** A token whose requests are further apart is not worth a lease. */
      idleMs: number;
      /** How long one lease is issued from: what was lost with a gateway comes back when it has expired. */
      issueMsMax: number;
      /** How long a request may run, and so how long a lease outlives its last issue. */
      holdTtlMs: number;
      /** After a refusal or a recall. */
      restMs: number;
    }>,
  ) {}
}

/** For how many seconds of the present rate money is asked for, and the least and most requests that is. */
const aheadSeconds = 2;
const requestsAhead = { min: 8, max: 2_000 };
const rateWindowMs = 1_000;

/** What is known of one API token that was used of late. */
type Purse = {
  /** As it was when it was used last: its limits may change. */
  buyer: TokenBuyer;
  lease: Allowance | undefined;
  isAsking: boolean;
  restUntilMs: number;
  /** How often it had to give back: a lease that was asked for before that is not wanted any more. */
  recalls: number;
  lastUsedAtMs: number;
  windowSinceMs: number;
  inWindow: number;
  perSecond: number;
  amountMax: Nanos;
};

/** What a request needs to be paid from a lease. */
export type Demand = Readonly<{ requestId: string; buyer: TokenBuyer; amount: Nanos }>;

/**
 * Money that this router holds in advance for API tokens in steady use, so that their requests need no call to
 * accounts. Whatever does not fit is asked for the ordinary way; nothing ever waits for a lease.
 */
@Injectable()
export class Allowances {
  private readonly purses = new Map<string, Purse>();
  private readonly byLease = new Map<string, Allowance>();
  /** What accounts has been asked for and has not answered yet. */
  private readonly underWay = new Set<Promise<void>>();
  private isStopped = false;

  constructor(
    private readonly leases: Leases,
    private readonly clock: Clock,
    private readonly events: RouterEvents,
    private readonly config: AllowanceSettings,
  ) {}

  /** The lease that pays for this request; undefined where the ledger has to be asked. */
  take({ requestId, buyer, amount }: Demand): string | undefined {
    if (!this.config.settings.isOn) return undefined;
    const nowMs = this.clock.nowMs();
    const purse = this.purseOf(buyer, nowMs);
    const isSteady = nowMs - purse.lastUsedAtMs <= this.config.settings.idleMs;
    this.note(purse, amount, nowMs);
    const isPaid = purse.lease?.take(requestId, amount, nowMs) ?? false;
    if (isSteady) this.provide(purse, nowMs);
    this.events.allowanceUsed(isPaid);
    return isPaid ? purse.lease?.leaseId : undefined;
  }

  /** A request has ended; its place is free. */
  ended(leaseId: string, requestId: string): void {
    this.byLease.get(leaseId)?.end(requestId);
  }

  /** Its admission was lost on the way, and accounts will not let it be settled. */
  withdrawn(requestId: string): void {
    for (const lease of this.byLease.values()) lease.withdraw(requestId);
  }

  /** The owner needs the money elsewhere. */
  recall(ownerId: string): void {
    for (const purse of this.purses.values()) {
      if (purse.buyer.ownerId !== ownerId || !(purse.lease || purse.isAsking)) continue;
      this.callBack(purse);
    }
  }

  /**
   * The API token was revoked or changed: its lease was opened by what no longer holds. Requests that were let in
   * before are settled from it as ever; the next lease, if any, is opened by what holds then.
   */
  forget(apiTokenId: string): void {
    const purse = this.purses.get(apiTokenId);
    if (purse) this.callBack(purse);
  }

  /** The same of all: nobody can say which of them have changed. */
  forgetAll(): void {
    for (const purse of this.purses.values()) this.callBack(purse);
  }

  /** Gives back what is not used any more. Called every now and then. */
  tend(): void {
    const nowMs = this.clock.nowMs();
    const { idleMs } = this.config.settings;
    for (const [apiTokenId, purse] of this.purses) {
      const isIdle = nowMs - purse.lastUsedAtMs > idleMs;
      if (purse.lease && (isIdle || nowMs >= purse.lease.issueUntilMs)) this.release(purse);
      if (isIdle && !purse.isAsking && nowMs >= purse.restUntilMs) this.purses.delete(apiTokenId);
    }
  }

  /** Gives everything back; resolves when accounts has it. */
  async stop(): Promise<void> {
    this.isStopped = true;
    for (const purse of this.purses.values()) this.release(purse);
    while (this.underWay.size > 0) await Promise.all(this.underWay);
  }

  private purseOf(buyer: TokenBuyer, nowMs: number): Purse {
    const known = this.purses.get(buyer.apiTokenId);
    if (known) {
      known.buyer = buyer;
      return known;
    }
    const purse: Purse = {
      buyer,
      lease: undefined,
      isAsking: false,
      restUntilMs: 0,
      recalls: 0,
      // Its first request says nothing yet of how steady it will be.
      lastUsedAtMs: Number.NEGATIVE_INFINITY,
      windowSinceMs: nowMs,
      inWindow: 0,
      perSecond: 0,
      amountMax: zeroNanos,
    };
    this.purses.set(buyer.apiTokenId, purse);
    return purse;
  }

  private note(purse: Purse, amount: Nanos, nowMs: number): void {
    purse.lastUsedAtMs = nowMs;
    purse.inWindow += 1;
    if (amount > purse.amountMax) purse.amountMax = amount;
    const elapsedMs = nowMs - purse.windowSinceMs;
    if (elapsedMs < rateWindowMs) return;
    purse.perSecond = (purse.inWindow * 1_000) / elapsedMs;
    purse.inWindow = 0;
    purse.windowSinceMs = nowMs;
    // Slowly forgotten, so that one dear request does not lock money up for ever.
    purse.amountMax = nanos((purse.amountMax * 7n + amount) / 8n);
  }

  /** Sees to it that there is money for what is likely to come. */
  private provide(purse: Purse, nowMs: number): void {
    if (purse.isAsking || this.isStopped || nowMs < purse.restUntilMs) return;
    const wanted = wantedBy(purse);
    const { lease } = purse;
    if (lease && lease.left * 2n >= wanted) return;
    purse.isAsking = true;
    const asked = lease ? this.renew(purse, lease, wanted) : this.open(purse, wanted, nowMs);
    this.follow(
      asked
        .catch((error: unknown) => {
          this.rest(purse);
          this.events.leaseFailed(error);
        })
        .finally(() => {
          purse.isAsking = false;
        }),
    );
  }

  private async open(purse: Purse, wanted: Nanos, nowMs: number): Promise<void> {
    const { buyer, recalls } = purse;
    const { holder, issueMsMax, holdTtlMs } = this.config.settings;
    const leaseId = `lease_${randomBytes(16).toString('hex')}`;
    const issueUntilMs = nowMs + issueMsMax;
    const request = {
      type: 'open-lease',
      leaseId,
      holder,
      ownerId: buyer.ownerId,
      apiTokenId: buyer.apiTokenId,
      wanted: wanted.toString(),
      slots: Math.max(1, Math.floor(buyer.limits.concurrencyMax / 2)),
      concurrencyMax: buyer.limits.concurrencyMax,
      expiresAtMs: issueUntilMs + holdTtlMs,
    } as const;
    const answer = await this.leases.open(request).catch((error: unknown) => {
      // It may have been opened all the same.
      this.giveBack({ leaseId, issued: zeroNanos, issuedCount: 0 });
      throw error;
    });
    const allowance = allowanceOf(leaseId, answer, { issueUntilMs, nowMs });
    if (!allowance) this.rest(purse);
    // Meanwhile it was called back, or nobody is here any more to spend it.
    else if (this.isStopped || purse.recalls > recalls) this.giveBack(allowance);
    else this.adopt(purse, allowance);
  }

  private adopt(purse: Purse, allowance: Allowance): void {
    purse.lease = allowance;
    this.byLease.set(allowance.leaseId, allowance);
  }

  /** What is on its way goes back as soon as it arrives. */
  private callBack(purse: Purse): void {
    purse.recalls += 1;
    this.rest(purse);
    this.release(purse);
  }

  private rest(purse: Purse): void {
    purse.restUntilMs = this.clock.nowMs() + this.config.settings.restMs;
  }

  private async renew(purse: Purse, lease: Allowance, wanted: Nanos): Promise<void> {
    const issuedMax = (lease.issued + wanted).toString();
    const answer = await this.leases.renew({
      type: 'renew-lease',
      leaseId: lease.leaseId,
      issuedMax,
    });
    if (answer.result === 'open') {
      const granted = parseNanos(answer.issuedMax);
      lease.raise(granted, answer.settledCount);
      // There is no more for it at the moment: what is left is spent, and asked for again later.
      if (granted < BigInt(issuedMax)) this.rest(purse);
    } else if (purse.lease === lease) {
      // Accounts wants it back: nothing more is issued from it.
      this.rest(purse);
      this.release(purse);
    }
  }

  private release(purse: Purse): void {
    const { lease } = purse;
    if (!lease) return;
    purse.lease = undefined;
    lease.close();
    this.byLease.delete(lease.leaseId);
    this.giveBack(lease);
  }

  private giveBack(lease: Pick<Allowance, 'leaseId' | 'issued' | 'issuedCount'>): void {
    const { leaseId, issued, issuedCount } = lease;
    this.follow(
      this.leases
        .close({ type: 'close-lease', leaseId, issued: issued.toString(), issuedCount })
        .catch((error: unknown) => this.events.leaseFailed(error)),
    );
  }

  private follow(work: Promise<void>): void {
    const followed = work.finally(() => this.underWay.delete(followed));
    this.underWay.add(followed);
  }
}

function wantedBy({ perSecond, amountMax }: Purse): Nanos {
  const requests = Math.ceil(perSecond * aheadSeconds);
  const bounded = Math.min(requestsAhead.max, Math.max(requestsAhead.min, requests));
  return nanos(amountMax * BigInt(bounded));
}

function allowanceOf(
  leaseId: string,
  { result, issuedMax, slots }: Lease,
  { issueUntilMs, nowMs }: Readonly<{ issueUntilMs: number; nowMs: number }>,
): Allowance | undefined {
  if (result !== 'open') return undefined;
  return new Allowance({ leaseId, issuedMax: parseNanos(issuedMax), slots, issueUntilMs }, nowMs);
}
