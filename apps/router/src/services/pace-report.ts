import { EndpointName, type Principal, type ProviderPace } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { faults } from '../domain/faults.js';
import { Presence } from '../domain/presence.js';
import { workerModels } from '../domain/worker-model.js';
import { CatalogueEditing } from './catalogue-editing.js';
import { LiveFailures } from './live-failures.js';
import { LivePace } from './live-pace.js';
import { isManagedBy } from './owners.js';

/** How fast a provider is, and why it has failed last, as its owner sees it. */
@Injectable()
export class PaceReport {
  constructor(
    private readonly editing: CatalogueEditing,
    private readonly presence: Presence,
    private readonly pace: LivePace,
    private readonly failures: LiveFailures,
  ) {}

  async of(principal: Principal, id: string): Promise<ProviderPace> {
    const provider = (await this.editing.newest()).providerById.get(id);
    if (!provider || !isManagedBy(principal, provider)) throw faults.PROVIDER_NOT_FOUND();
    const { source } = provider;
    const names =
      source.kind === 'openai'
        ? [...source.models]
        : workerModels(this.presence.sessionsOf(id)).map(({ name }) => [name, name] as const);
    const models = names.flatMap(([model, modelThere]) =>
      EndpointName.options.flatMap((endpoint) => {
        const known = this.knownOf(id, modelThere, endpoint);
        return known ? [{ model, endpoint, ...known }] : [];
      }),
    );
    return { models };
  }

  private knownOf(providerId: string, modelThere: string, endpoint: EndpointName) {
    const windows = this.pace.windowsOf(providerId, modelThere, endpoint);
    const failure = this.failures.lastOf(providerId, modelThere, endpoint);
    if (!windows && !failure) return undefined;
    const lastFailure = failure
      ? { reason: failure.reason, at: new Date(failure.atMs).toISOString() }
      : null;
    return { windows: [...(windows ?? [])], lastFailure };
  }
}
