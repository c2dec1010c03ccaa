import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { globalUsername, type Provider } from '../domain/catalogue.js';
import type { ProbeTarget } from '../domain/probe-target.js';
import { isFree, probingOf } from '../domain/probing.js';
import { Market } from './market.js';
import { ProbeBudget } from './probe-budget.js';
import { type ProbeAnswer, ProbeClient, type ProbeDoor } from './probe-client.js';
import { ProbeReports } from './probe-reports.js';
import { ProbingSettings } from './probing-settings.js';

/** Tokens of the question, as dearly as anybody counts them. */
const promptTokens = 24;

type Place = Readonly<{ provider: Provider; door: ProbeDoor }>;

/**
 * Makes single probes. Nobody's request: nothing is held or charged, and the only credential that is sent is the
 * provider's own.
 */
@Injectable()
export class Prober {
  private readonly leaving = new AbortController();

  constructor(
    private readonly market: Market,
    private readonly budget: ProbeBudget,
    private readonly client: ProbeClient,
    private readonly reports: ProbeReports,
    private readonly clock: Clock,
    private readonly settings: ProbingSettings,
  ) {}

  /** Catalogue, workers and policy are those of this moment, whenever the probe was put into the queue. */
  async probe(target: ProbeTarget, revision: number): Promise<void> {
    const place = await this.foundPlace(target, revision);
    if (place === undefined) return this.reports.skipped(target.kind, 'not_wanted');
    if (place.door.kind === 'session' && !isFree(place.door.present.session)) {
      return this.reports.skipped(target.kind, 'worker_busy');
    }
    const { model } = target;
    const { outputTokens } = this.settings;
    const tokens = model === null ? 0 : promptTokens + outputTokens;
    const { id: providerId, ownerId } = place.provider;
    if (!(await this.budget.take({ ownerId, providerId, tokens }))) {
      return this.reports.skipped(target.kind, 'over_budget');
    }
    const startedAtMs = this.clock.nowMs();
    const { signal } = this.leaving;
    const totalMs = this.totalMs(target);
    const answer = await this.client.ask({
      door: place.door,
      model,
      outputTokens,
      totalMs,
      signal,
    });
    this.tell(target, place, answer, startedAtMs);
  }

  /** What is under way is given up. */
  stop(): void {
    this.leaving.abort();
  }

  private tell(target: ProbeTarget, { provider }: Place, answer: ProbeAnswer, startedAtMs: number) {
    const { verdict, retryAfterMs, firstMs, listed } = answer;
    const atMs = this.clock.nowMs();
    this.reports.ended({
      type: 'probe-ended',
      ...target,
      ...verdict,
      retryAfterMs,
      firstMs,
      tookMs: Math.max(0, atMs - startedAtMs),
      ...(listed && { missing: this.missing(provider, target, listed) }),
      atMs,
    });
  }

  /** What there should be and is not. */
  private missing(
    { id, source }: Provider,
    { sessionId }: ProbeTarget,
    listed: ReadonlySet<string>,
  ): string[] {
    const present = this.market.sessionOf(id, sessionId);
    const names =
      source.kind === 'openai'
        ? [...new Set(source.models.values())]
        : (present?.session.models.map(({ name }) => name) ?? []);
    return names.filter((name) => !listed.has(name));
  }

  /** Another replica may have heard of a change before this one has. */
  private async foundPlace(target: ProbeTarget, revision: number): Promise<Place | undefined> {
    const place = this.placeOf(target);
    if (place) return place;
    await this.market.reach(revision);
    return this.placeOf(target);
  }

  /** Undefined where it is not there any more, or its owner does not want it. */
  private placeOf({ kind, providerId, sessionId, model }: ProbeTarget): Place | undefined {
    const provider = this.market.catalogue().providerById.get(providerId);
    if (!provider?.isEnabled) return undefined;
    if (probingOf(provider, this.settings.rounds.installed)[kind] === 'off') return undefined;
    const { source } = provider;
    if (source.kind === 'openai') {
      const isThere = model === null || [...source.models.values()].includes(model);
      if (!isThere || sessionId !== null || source.headers === null) return undefined;
      const { baseUrl: url, headers } = source;
      const isOfOperator = provider.username === globalUsername;
      return { provider, door: { kind: 'http', url, headers, isOfOperator } };
    }
    const present = this.market.sessionOf(providerId, sessionId);
    const isThere = model === null || present?.session.models.some(({ name }) => name === model);
    return present && isThere ? { provider, door: { kind: 'session', present } } : undefined;
  }

  private totalMs({ kind, sessionId }: ProbeTarget): number {
    const { modelsMsMax, completionMsMax, warmUpMsMax } = this.settings.times;
    if (sessionId !== null) return warmUpMsMax;
    return kind === 'models' ? modelsMsMax : completionMsMax;
  }
}
