import { chatEndpoint, EndpointName, type ProviderHealth } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import type { Catalogue, Provider } from '../domain/catalogue.js';
import { type Cooldown, healthKey } from '../domain/health.js';
import { type OutlierSettings, outliersOf } from '../domain/outliers.js';
import { type Standing, standingOf } from '../domain/standing.js';
import { workerModels } from '../domain/worker-model.js';
import { LivePace } from './live-pace.js';
import type { LatestProbe } from './live-probes.js';
import { Market } from './market.js';

type ModelReport = ProviderHealth['models'][number];
/** One of those that can serve a model. */
type Peer = Standing &
  Readonly<{
    providerId: string;
    sessionId: string | null;
    endpoint: EndpointName;
    cooldown: Cooldown | undefined;
  }>;

export class ModelHealthSettings {
  constructor(readonly outliers: OutlierSettings | undefined) {}
}

/** How a provider's models stand, upstream by upstream. */
@Injectable()
export class ModelHealth {
  constructor(
    private readonly market: Market,
    private readonly pace: LivePace,
    private readonly settings: ModelHealthSettings,
  ) {}

  /** Its workers by session. */
  clientIdsOf(providerId: string): ReadonlyMap<string, string> {
    const sessions = this.market.around().sessionsOf(providerId);
    return new Map(sessions.map(({ session }) => [session.sessionId, session.clientId]));
  }

  of(provider: Provider, catalogue: Catalogue, latest: readonly LatestProbe[]): ModelReport[] {
    const clientIds = this.clientIdsOf(provider.id);
    return this.namesOf(provider).map(([model, modelThere]) => ({
      model,
      readiness: readinessOf(provider, modelThere, latest),
      upstreams: EndpointName.options.flatMap((endpoint) => {
        const own = this.upstreamsOf(provider, model, endpoint).filter(isTold);
        if (own.length === 0) return [];
        const out = this.outliersAmong([
          ...own,
          ...this.rivalsOf(provider, model, endpoint, catalogue),
        ]);
        return own.map((peer) => toUpstream(peer, out.get(peer), clientIds));
      }),
      windows: [...(this.pace.windowsOf(provider.id, modelThere) ?? [])],
    }));
  }

  private outliersAmong(peers: readonly Peer[]): ReadonlyMap<Peer, number> {
    const { outliers } = this.settings;
    if (!outliers) return new Map();
    return outliersOf(peers, ({ cooldown }) => cooldown, outliers, {
      nowMs: this.market.around().nowMs,
    });
  }

  /** The name on our side, and that at the provider. */
  private namesOf({ id, source }: Provider): readonly (readonly [string, string])[] {
    if (source.kind === 'openai') return [...source.models];
    const { sessionsOf } = this.market.around();
    return workerModels(sessionsOf(id)).map(({ name }) => [name, name]);
  }

  /** The upstreams of everybody else who sells a model of this name. */
  private rivalsOf(
    { id: ownId }: Provider,
    model: string,
    endpoint: EndpointName,
    { sellersByModel }: Catalogue,
  ): readonly Peer[] {
    const others = (sellersByModel.get(model) ?? []).filter(({ id }) => id !== ownId);
    return others.flatMap((each) => this.upstreamsOf(each, model, endpoint));
  }

  private upstreamsOf(
    { id: providerId, source }: Provider,
    model: string,
    endpoint: EndpointName,
  ): readonly Peer[] {
    const { sessionsOf, cooldownOf, nowMs } = this.market.around();
    const peer = (sessionId: string | null, modelThere: string): Peer => {
      const cooldown = cooldownOf(healthKey(providerId, modelThere, sessionId, endpoint));
      return { providerId, sessionId, endpoint, cooldown, ...standingOf(cooldown, nowMs) };
    };
    if (source.kind === 'openai') {
      const modelThere = source.models.get(model);
      return modelThere === undefined ? [] : [peer(null, modelThere)];
    }
    return sessionsOf(providerId)
      .filter(({ session }) => session.models.some(({ name }) => name === model))
      .map(({ session }) => peer(session.sessionId, model));
  }
}

/** Of other endpoints only what has failed is remembered; whoever cannot be reached at all is told of by chat. */
function isTold({ endpoint, cooldown }: Peer): boolean {
  return endpoint === chatEndpoint || cooldown?.recent !== undefined;
}

/** A worker's models are those that it advertises. */
function readinessOf(
  { source }: Provider,
  modelThere: string,
  latest: readonly LatestProbe[],
): ModelReport['readiness'] {
  if (source.kind === 'coderai') return 'listed';
  const missing = latest.find(({ ended }) => ended.missing !== undefined)?.ended.missing;
  if (!missing) return 'unknown';
  return missing.includes(modelThere) ? 'missing' : 'listed';
}

function toUpstream(
  { sessionId, endpoint, cooldown, coolUntilMs, isOnTrial }: Peer,
  outlierUntilMs: number | undefined,
  clientIds: ReadonlyMap<string, string>,
): ModelReport['upstreams'][number] {
  const isCooling = coolUntilMs > 0;
  const isUnwell = (cooldown?.failures ?? 0) > 0;
  const recent = cooldown?.recent;
  return {
    clientId: sessionId === null ? null : (clientIds.get(sessionId) ?? null),
    endpoint,
    state: isCooling ? 'cooling' : isOnTrial ? 'on_trial' : 'well',
    coolingUntil: isCooling ? new Date(coolUntilMs).toISOString() : null,
    reason: (isUnwell && cooldown?.reason) || null,
    failures: cooldown?.failures ?? 0,
    outlierUntil: outlierUntilMs === undefined ? null : new Date(outlierUntilMs).toISOString(),
    recent: recent ? { attempts: recent.length, served: recent.filter(Boolean).length } : null,
  };
}
