import { type AttemptEnded, chatEndpoint, type ProbeKind } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import type { Provider } from '../domain/catalogue.js';
import { type Cooldown, healthKey, upstreamKey } from '../domain/health.js';
import { hostedChats } from '../domain/probe-rounds.js';
import type { ProbeTarget } from '../domain/probe-target.js';
import { isOfUpstream } from '../domain/probe-verdict.js';
import { chatsAtWorker, probingOf, recheckKind, restMs } from '../domain/probing.js';
import { DueProbes } from './due-probes.js';
import { LiveHealth } from './live-health.js';
import { LiveProbes } from './live-probes.js';
import { Market } from './market.js';
import { ProbingSettings } from './probing-settings.js';

/**
 * So many failures in a row are looked at as soon as the cooldown is over: with the default ones three minutes' worth. What
 * is down for longer is looked at less and less often, and buyers' requests try it out meanwhile.
 */
const patience = 12;

type Failed = Pick<
  AttemptEnded,
  'providerId' | 'model' | 'sessionId' | 'endpoint' | 'reason' | 'retryAfterMs'
>;

/**
 * Has whoever has failed tried out by a probe when it has cooled down, so that no buyer's request has to. Until the probe
 * has had its time it stays among those that cool.
 */
@Injectable()
export class Rechecks {
  constructor(
    private readonly market: Market,
    private readonly health: LiveHealth,
    private readonly probes: LiveProbes,
    private readonly due: DueProbes,
    private readonly settings: ProbingSettings,
  ) {}

  /** Every replica comes to the same probe at the same time; the queue has it made once. */
  afterFailure(failed: Failed): void {
    const { providerId, model, sessionId } = failed;
    const name = nameOf(failed);
    if (name === undefined) return;
    const known = this.health.recordOf(name);
    if (!this.settings.isOn || !known || !this.market.hasCatalogue) return;
    const { providerById, revision } = this.market.catalogue();
    const provider = providerById.get(providerId);
    if (!provider?.isEnabled) return;
    const kind = this.kindOf(known, provider, failed);
    if (kind === undefined) return;
    const target = { kind, providerId, sessionId, model: kind === 'models' ? null : model };
    const atMs = this.dueAtMs(target, known);
    // One that rests for longer is not kept from buyers meanwhile.
    if (atMs <= known.untilMs) this.health.reserveTrial(name, known.untilMs);
    this.due.askOnce(target, atMs, revision);
  }

  private kindOf(
    known: Cooldown,
    provider: Provider,
    { model, sessionId }: Failed,
  ): ProbeKind | undefined {
    const probing = probingOf(provider, this.settings.rounds.installed);
    return recheckKind(known, probing, this.chats(provider, model, sessionId));
  }

  private chats(provider: Provider, modelThere: string, sessionId: string | null): boolean {
    const { source } = provider;
    if (source.kind === 'coderai') {
      const session = this.market.sessionOf(provider.id, sessionId)?.session;
      const model = session?.models.find(({ name }) => name === modelThere);
      return session !== undefined && model !== undefined && chatsAtWorker(model, session);
    }
    const catalogue = this.market.catalogue();
    const scene = { provider, catalogue, nowMs: this.market.around().nowMs };
    return [...source.models].some(
      ([name, there]) => there === modelThere && hostedChats(scene, name),
    );
  }

  private dueAtMs(target: ProbeTarget, { untilMs }: Cooldown): number {
    const last = this.probes.of(target);
    if (!last) return untilMs;
    const beyond = Math.max(0, last.failures - patience);
    return Math.max(untilMs, last.ended.atMs + restMs(beyond, this.settings.rest));
  }
}

/** What a probe would try out: the upstream itself, or how it chats. How it is by other endpoints no probe can tell. */
function nameOf(failed: Failed): string | undefined {
  const { providerId, model, sessionId, endpoint = chatEndpoint } = failed;
  const name = healthKey(providerId, model, sessionId, endpoint);
  if (isOfUpstream(failed)) return upstreamKey(name);
  return endpoint === chatEndpoint ? name : undefined;
}
