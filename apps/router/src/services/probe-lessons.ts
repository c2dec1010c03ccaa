import type { AttemptEnded, ProbeEnded } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { healthKey, upstreamKey } from '../domain/health.js';
import { isAtTheDoor, reasonByList } from '../domain/probe-verdict.js';
import { LiveHealth } from './live-health.js';
import { LivePace } from './live-pace.js';
import { LiveProbes } from './live-probes.js';
import { Market } from './market.js';
import { Rechecks } from './rechecks.js';

/**
 * What is learned from probes. One that fails counts as a failed attempt would. A completion that goes well counts as a
 * success; a list that does, for those alone that had failed before any model had to do with it.
 */
@Injectable()
export class ProbeLessons {
  constructor(
    private readonly probes: LiveProbes,
    private readonly health: LiveHealth,
    private readonly pace: LivePace,
    private readonly market: Market,
    private readonly rechecks: Rechecks,
  ) {}

  learn(ended: ProbeEnded): void {
    this.probes.onProbeEnded(ended);
    if (ended.outcome === 'unclear' || !this.market.hasCatalogue) return;
    for (const model of this.modelsOf(ended)) {
      if (ended.kind === 'models' && ended.outcome === 'well') this.reopen(ended, model);
      else this.count(ended, model);
    }
    const { model, providerId, firstMs, atMs } = ended;
    if (model !== null && firstMs !== null) this.pace.onProbe(providerId, model, firstMs, atMs);
  }

  private reopen({ providerId, sessionId, atMs }: ProbeEnded, model: string): void {
    const key = healthKey(providerId, model, sessionId);
    if (isAtTheDoor(this.health.recordOf(upstreamKey(key))?.reason)) this.health.reopen(key, atMs);
  }

  private count(ended: ProbeEnded, model: string): void {
    const { kind, providerId, sessionId, retryAfterMs, atMs } = ended;
    const isSuccess = ended.outcome === 'well';
    const reason =
      kind === 'models' && ended.reason !== null ? reasonByList(ended.reason) : ended.reason;
    const attempt: AttemptEnded = {
      type: 'attempt-ended',
      ...{ providerId, sessionId, model, isSuccess, reason, retryAfterMs, atMs },
      firstByteMs: null,
    };
    this.health.onAttemptEnded(attempt);
    if (!isSuccess) this.rechecks.afterFailure(attempt);
  }

  /** The names at the provider that it is about. */
  private modelsOf({ providerId, sessionId, model }: ProbeEnded): readonly string[] {
    if (model !== null) return [model];
    const source = this.market.catalogue().providerById.get(providerId)?.source;
    if (source?.kind === 'openai') return [...new Set(source.models.values())];
    const session = this.market.sessionOf(providerId, sessionId)?.session;
    return session?.models.map(({ name }) => name) ?? [];
  }
}
