import type { Principal, ProviderHealth } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import type { Provider } from '../domain/catalogue.js';
import { faults } from '../domain/faults.js';
import { probingOf } from '../domain/probing.js';
import { ProbeEvents } from '../probe-events.js';
import { CatalogueEditing } from './catalogue-editing.js';
import { type LatestProbe, LiveProbes } from './live-probes.js';
import { ModelHealth } from './model-health.js';
import { isManagedBy } from './owners.js';
import { ProbeBudget } from './probe-budget.js';
import { ProbingSettings } from './probing-settings.js';

/** How a provider is, as its owner sees it. */
@Injectable()
export class HealthReport {
  constructor(
    private readonly editing: CatalogueEditing,
    private readonly models: ModelHealth,
    private readonly probes: LiveProbes,
    private readonly budget: ProbeBudget,
    private readonly events: ProbeEvents,
    private readonly settings: ProbingSettings,
  ) {}

  async of(principal: Principal, id: string): Promise<ProviderHealth> {
    const catalogue = await this.editing.newest();
    const provider = catalogue.providerById.get(id);
    if (!provider || !isManagedBy(principal, provider)) throw faults.PROVIDER_NOT_FOUND();
    const clientIds = this.models.clientIdsOf(id);
    const latest = this.probes
      .ofProvider(id)
      // A connection that has ended is nobody any more.
      .filter(({ ended }) => ended.sessionId === null || clientIds.has(ended.sessionId));
    return {
      probing: this.probing(provider),
      credential: credentialOf(provider, latest),
      budget: await this.spent(provider),
      probes: latest.map((one) => toProbe(one, clientIds)),
      models: this.models.of(provider, catalogue, latest),
    };
  }

  private probing(provider: Provider): ProviderHealth['probing'] {
    const { isOn, rounds } = this.settings;
    return isOn ? probingOf(provider, rounds.installed) : { models: 'off', completion: 'off' };
  }

  private async spent({ id, ownerId }: Provider): Promise<ProviderHealth['budget']> {
    try {
      return await this.budget.spentOf({ ownerId, providerId: id });
    } catch (error) {
      this.events.failed('budget', error);
      return null;
    }
  }
}

function credentialOf(
  { source }: Provider,
  latest: readonly LatestProbe[],
): ProviderHealth['credential'] {
  if (source.kind !== 'openai') return 'unknown';
  if (source.headers === null) return 'unreadable';
  const telling = latest
    .filter(({ ended }) => ended.outcome === 'well' || ended.reason === 'rejected_credentials')
    .reduce<LatestProbe | undefined>(
      (last, one) => (last && last.ended.atMs >= one.ended.atMs ? last : one),
      undefined,
    );
  if (!telling) return 'unknown';
  return telling.ended.outcome === 'well' ? 'accepted' : 'refused';
}

function toProbe(
  { ended, failures }: LatestProbe,
  clientIds: ReadonlyMap<string, string>,
): ProviderHealth['probes'][number] {
  const { kind, model, sessionId, outcome, reason, atMs, tookMs, firstMs } = ended;
  return {
    ...{ kind, model, outcome, reason, tookMs, firstMs, failures },
    clientId: sessionId === null ? null : (clientIds.get(sessionId) ?? null),
    at: new Date(atMs).toISOString(),
  };
}
