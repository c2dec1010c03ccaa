import { randomUUID } from 'node:crypto';
import { requireOperator } from '@aisbf/access';
import type {
  CreatedProvider,
  CreateProvider,
  ProviderPolicy as PolicyMessage,
  Principal,
  Provider as ProviderMessage,
  UpdateProvider,
} from '@aisbf/contracts';
import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import type { Actor } from '../domain/act.js';
import type { Catalogue, DataPolicy, Provider } from '../domain/catalogue.js';
import { toProvider } from '../domain/catalogue-message.js';
import { faults } from '../domain/faults.js';
import { fromPolicyMessage } from '../domain/policy-message.js';
import { Presence } from '../domain/presence.js';
import { openPolicy, type ProviderPolicy } from '../domain/provider-policy.js';
import { isReservedName } from '../domain/route-name.js';
import { Announcements } from './announcements.js';
import { CatalogueEditing } from './catalogue-editing.js';
import { isManagedBy, Owners } from './owners.js';
import { RegistrationTokens } from './registration-tokens.js';

const noPromise: DataPolicy = { isCollected: null, isRetained: null, region: null };

/** Providers, as their owners manage them. */
@Injectable()
export class ProviderManagement {
  constructor(
    private readonly editing: CatalogueEditing,
    private readonly owners: Owners,
    private readonly tokens: RegistrationTokens,
    private readonly presence: Presence,
    private readonly announcements: Announcements,
    private readonly clock: Clock,
  ) {}

  async create(principal: Actor, request: CreateProvider): Promise<CreatedProvider> {
    if (isReservedName(request.name)) throw faults.PROVIDER_NAME_RESERVED();
    // We call a hosted provider's address from inside our own network: operators only.
    if (request.kind === 'openai') requireOperator(principal);
    const owner = await this.owners.ownerFor(principal, request.username);
    const { name, data = noPromise } = request;
    const policy = (await this.policyOf(request.policy)) ?? openPolicy;
    const owned = { id: randomUUID(), ...owner, name, data, policy };
    if (request.kind === 'openai') {
      const { baseUrl, credential = null, endpoints = null } = request;
      const models = request.models.map(({ name, upstreamName = name }) => ({
        name,
        upstreamName,
      }));
      const hosted = { kind: 'openai', baseUrl, credential, endpoints, models } as const;
      const provider = { ...owned, ...hosted };
      const catalogue = await this.editing.commit({ type: 'provider-create', provider }, principal);
      return { provider: this.message(catalogue, owned.id), registrationToken: null };
    }
    const { text, registration } = this.tokens.create(this.clock.nowMs(), null);
    const clientIds = request.clientIds ?? [];
    const provider = { ...owned, kind: 'coderai', clientIds, registration } as const;
    const catalogue = await this.editing.commit({ type: 'provider-create', provider }, principal);
    return { provider: this.message(catalogue, owned.id), registrationToken: text };
  }

  async list(principal: Principal, username: string | undefined): Promise<ProviderMessage[]> {
    const { ownerId } = await this.owners.ownerFor(principal, username);
    const catalogue = await this.editing.newest();
    const own = catalogue.providersByOwnerId.get(ownerId) ?? [];
    return own.map((provider) => toProvider(provider, this.presence.sessionsOf(provider.id)));
  }

  async get(principal: Principal, id: string): Promise<ProviderMessage> {
    const provider = await this.managed(principal, id);
    return toProvider(provider, this.presence.sessionsOf(id));
  }

  /** Sends away whoever may no longer be connected. */
  async update(
    principal: Actor,
    id: string,
    { isEnabled, clientIds, credential, endpoints, data, policy }: UpdateProvider,
  ): Promise<ProviderMessage> {
    const { source, ownerId } = await this.managed(principal, id);
    if (clientIds !== undefined && source.kind !== 'coderai') {
      throw faults.PROVIDER_WITHOUT_WORKERS();
    }
    if (credential !== undefined && source.kind !== 'openai') {
      throw faults.PROVIDER_WITHOUT_CREDENTIAL();
    }
    if (endpoints !== undefined && source.kind !== 'openai') {
      throw faults.PROVIDER_WITHOUT_ENDPOINTS();
    }
    const catalogue = await this.editing.commit(
      {
        type: 'provider-update',
        id,
        ownerId,
        isEnabled,
        clientIds: clientIds === null ? [] : clientIds,
        credential,
        endpoints,
        data,
        policy: await this.policyOf(policy),
      },
      principal,
    );
    if (isEnabled === false) this.disabled(id);
    else if (clientIds) this.sendAwayAllBut(id, new Set(clientIds));
    return this.message(catalogue, id);
  }

  async delete(principal: Actor, id: string): Promise<void> {
    await this.managed(principal, id);
    await this.editing.commit({ type: 'provider-delete', id }, principal);
    this.disabled(id);
  }

  private async policyOf(message: PolicyMessage | undefined): Promise<ProviderPolicy | undefined> {
    if (!message) return undefined;
    const usernames = [...new Set(message.usernames)];
    const guests = await Promise.all(usernames.map((name) => this.owners.named(name)));
    return fromPolicyMessage(message, guests);
  }

  private disabled(providerId: string): void {
    this.announcements.registrationRevoked({ providerId, reason: 'provider_disabled' });
  }

  private sendAwayAllBut(providerId: string, clientIds: ReadonlySet<string>): void {
    for (const { session } of this.presence.sessionsOf(providerId)) {
      const { clientId } = session;
      if (clientIds.has(clientId)) continue;
      const reason = 'client_not_allowed';
      this.announcements.registrationRevoked({ providerId, reason, clientId });
    }
  }

  private async managed(principal: Principal, id: string): Promise<Provider> {
    const provider = (await this.editing.newest()).providerById.get(id);
    if (!provider || !isManagedBy(principal, provider)) throw faults.PROVIDER_NOT_FOUND();
    return provider;
  }

  private message(catalogue: Catalogue, id: string): ProviderMessage {
    const provider = catalogue.providerById.get(id);
    // Somebody else has deleted it in this moment.
    if (!provider) throw faults.PROVIDER_NOT_FOUND();
    return toProvider(provider, this.presence.sessionsOf(id));
  }
}
