import type { AttemptAnswering, AttemptEnded } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import {
  afterAttempt,
  type Cooldown,
  type CooldownSettings,
  healthKey,
  providerOf,
  whileAnswering,
} from '../domain/health.js';

export class HealthSettings {
  constructor(
    readonly cooldown: CooldownSettings,
    /** How long one request tries out an upstream before another may. */
    readonly trialMsMax: number,
    /** How many upstreams in trouble are remembered; beyond it the longest known is forgotten. */
    readonly entriesMax: number,
  ) {}
}

/** Who has failed of late, as the gateways report it; every replica hears the same. Trials are its own. */
@Injectable()
export class LiveHealth {
  private readonly cooldowns = new Map<string, Cooldown>();
  /** How many of each provider's upstreams are remembered. */
  private readonly counts = new Map<string, number>();

  constructor(private readonly settings: HealthSettings) {}

  readonly cooldownOf = (key: string): Cooldown | undefined => this.cooldowns.get(key);

  readonly hasCooldowns = (providerId: string): boolean => this.counts.has(providerId);

  get size(): number {
    return this.cooldowns.size;
  }

  onAttemptEnded(ended: AttemptEnded): void {
    const key = healthKey(ended.providerId, ended.model, ended.sessionId);
    const next = afterAttempt(this.cooldowns.get(key), ended, this.settings.cooldown);
    if (!next) return;
    if (!this.cooldowns.has(key)) this.count(key, 1);
    this.cooldowns.set(key, next);
    const [oldest] = this.cooldowns.keys();
    if (this.cooldowns.size > this.settings.entriesMax && oldest !== undefined) {
      this.cooldowns.delete(oldest);
      this.count(oldest, -1);
    }
  }

  onAttemptAnswering({ providerId, model, sessionId, atMs }: AttemptAnswering): void {
    const key = healthKey(providerId, model, sessionId);
    const next = whileAnswering(this.cooldowns.get(key), atMs);
    if (next) this.cooldowns.set(key, next);
  }

  /** A request is about to try this one out: no other does until that has ended, or takes too long. */
  beginTrial(key: string, nowMs: number): void {
    const known = this.cooldowns.get(key);
    if (!known) return;
    this.cooldowns.set(key, { ...known, trialUntilMs: nowMs + this.settings.trialMsMax });
  }

  /** A probe will try it out when it has cooled down: requests wait for so long as a trial may take. */
  reserveTrial(key: string, fromMs: number): void {
    this.beginTrial(key, fromMs);
  }

  /** It came to nothing before anybody was asked. */
  endTrial(key: string): void {
    const known = this.cooldowns.get(key);
    if (known) this.cooldowns.set(key, { ...known, trialUntilMs: 0 });
  }

  private count(key: string, change: 1 | -1): void {
    const providerId = providerOf(key);
    const count = (this.counts.get(providerId) ?? 0) + change;
    if (count > 0) this.counts.set(providerId, count);
    else this.counts.delete(providerId);
  }
}
