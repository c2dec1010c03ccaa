import type { AttemptAnswering, AttemptEnded } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import {
  afterAttempt,
  afterSharedFailure,
  type Cooldown,
  type CooldownSettings,
  healthKey,
  joinedHealth,
  providerOf,
  upstreamKey,
  whileAnswering,
} from '../domain/health.js';
import { isOfUpstream } from '../domain/probe-verdict.js';

export class HealthSettings {
  constructor(
    readonly cooldown: CooldownSettings,
    /** How long one request tries out an upstream before another may. */
    readonly trialMsMax: number,
    /** How many upstreams and endpoints in trouble are remembered; beyond it the longest known is forgotten. */
    readonly entriesMax: number,
  ) {}
}

/** Who has failed of late, as the gateways report it; every replica hears the same. Trials are its own. */
@Injectable()
export class LiveHealth {
  private readonly cooldowns = new Map<string, Cooldown>();
  /** How many of each provider's upstreams and endpoints are remembered. */
  private readonly counts = new Map<string, number>();

  constructor(private readonly settings: HealthSettings) {}

  /** Of an upstream by one endpoint, as `healthKey` names it. */
  readonly cooldownOf = (key: string): Cooldown | undefined => {
    if (this.cooldowns.size === 0) return undefined;
    return joinedHealth(this.recordOf(key), this.recordOf(upstreamKey(key)));
  };

  readonly hasCooldowns = (providerId: string): boolean => this.counts.has(providerId);

  /** What is known of one endpoint alone, or by `upstreamKey` of what has nothing to do with endpoints. */
  recordOf(key: string): Cooldown | undefined {
    return this.cooldowns.get(key);
  }

  get size(): number {
    return this.cooldowns.size;
  }

  onAttemptEnded(ended: AttemptEnded): void {
    const { cooldown } = this.settings;
    const key = healthKey(ended.providerId, ended.model, ended.sessionId, ended.endpoint);
    const isShared = !ended.isSuccess && isOfUpstream(ended);
    // Who serves by one endpoint can be reached, whatever the others are like.
    if (ended.isSuccess || isShared) {
      this.change(upstreamKey(key), (known) => afterAttempt(known, ended, cooldown));
    }
    const learn = isShared ? afterSharedFailure : afterAttempt;
    this.change(key, (known) => learn(known, ended, cooldown));
  }

  onAttemptAnswering({ providerId, model, sessionId, endpoint, atMs }: AttemptAnswering): void {
    const key = healthKey(providerId, model, sessionId, endpoint);
    this.change(key, (known) => whileAnswering(known, atMs));
    this.reopen(key, atMs);
  }

  /** It can be reached again; of its endpoints that says nothing. */
  reopen(key: string, atMs: number): void {
    this.change(upstreamKey(key), (known) => whileAnswering(known, atMs));
  }

  /**
   * A request is about to try this one out, both the endpoint and whether anybody is there: no other does until that has
   * ended, or takes too long.
   */
  beginTrial(key: string, nowMs: number): void {
    for (const name of [key, upstreamKey(key)]) this.reserveTrial(name, nowMs);
  }

  /** A probe will try out this alone when it has cooled down: requests wait for so long as a trial may take. */
  reserveTrial(key: string, fromMs: number): void {
    this.setTrial(key, fromMs + this.settings.trialMsMax);
  }

  /** It came to nothing before anybody was asked. */
  endTrial(key: string): void {
    for (const name of [key, upstreamKey(key)]) this.setTrial(name, 0);
  }

  private setTrial(key: string, trialUntilMs: number): void {
    this.change(key, (known) => known && { ...known, trialUntilMs });
  }

  private change(key: string, next: (known: Cooldown | undefined) => Cooldown | undefined): void {
    const changed = next(this.cooldowns.get(key));
    if (!changed) return;
    if (!this.cooldowns.has(key)) this.count(key, 1);
    this.cooldowns.set(key, changed);
    const [oldest] = this.cooldowns.keys();
    if (this.cooldowns.size > this.settings.entriesMax && oldest !== undefined) {
      this.cooldowns.delete(oldest);
      this.count(oldest, -1);
    }
  }

  private count(key: string, change: 1 | -1): void {
    const providerId = providerOf(key);
    const count = (this.counts.get(providerId) ?? 0) + change;
    if (count > 0) this.counts.set(providerId, count);
    else this.counts.delete(providerId);
  }
}
