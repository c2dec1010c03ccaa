import type { AttemptEnded } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { afterAttempt, type Cooldown, type CooldownSettings, healthKey } from '../domain/health.js';

export class HealthSettings implements CooldownSettings {
  constructor(
    readonly baseMs: number,
    readonly maxMs: number,
    readonly retryAfterMsMax: number,
    /** How many upstreams in trouble are remembered; beyond it the longest known is forgotten. */
    readonly entriesMax: number,
  ) {}
}

/** Who has failed of late, as the gateways report it; every replica hears the same. */
@Injectable()
export class LiveHealth {
  private readonly cooldowns = new Map<string, Cooldown>();

  constructor(private readonly settings: HealthSettings) {}

  readonly cooldownOf = (key: string): Cooldown | undefined => this.cooldowns.get(key);

  get size(): number {
    return this.cooldowns.size;
  }

  onAttemptEnded(ended: AttemptEnded): void {
    const key = healthKey(ended.providerId, ended.model, ended.sessionId);
    const known = this.cooldowns.get(key);
    const next = afterAttempt(known, ended, this.settings);
    if (!next || next === known) return;
    this.cooldowns.set(key, next);
    const [oldest] = this.cooldowns.keys();
    if (this.cooldowns.size > this.settings.entriesMax && oldest !== undefined) {
      this.cooldowns.delete(oldest);
    }
  }
}
