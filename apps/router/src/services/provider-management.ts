import { randomUUID } from 'node:crypto';
import type {
  CreatedProvider,
  CreateProvider,
  ProviderPolicy as PolicyMessage,
  Principal,
  Provider as ProviderMessage,
  UpdateProvider,
} from '@aisbf/contracts';
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
import { ProviderKinds } from './provider-kinds.js';

const noPromise: DataPolicy = { isCollected: null, isRetained: null, region: null };

/** Providers, as their owners manage them. */
@Injectable()
export class ProviderManagement {
  constructor(
    private readonly editing: CatalogueEditing,
    private readonly owners: Owners,
    private readonly presence: Presence,
    private readonly announcements: Announcements,
    private readonly kinds: ProviderKinds,
  ) {}

  async create(principal: Actor, request: CreateProvider): Promise<CreatedProvider> {
    if (isReservedName(request.name)) throw faults.PROVIDER_NAME_RESERVED();
    const owner = await this.owners.ownerFor(principal, request.username);
    const { name, data = noPromise } = request;
    const policy = (await this.policyOf(request.policy)) ?? openPolicy;
    const common = { id: randomUUID(), ...owner, name, data, policy };
    const { provider, registrationToken } = this.kinds.created(common, request);
    const catalogue = await this.editing.commit({ type: 'provider-create', provider }, principal);
    return { provider: this.message(catalogue, common.id), registrationToken };
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
  async update(principal: Actor, id: string, request: UpdateProvider): Promise<ProviderMessage> {
    const hosted = this.kinds.updated(await this.managed(principal, id), request);
    const { isEnabled, clientIds, data, policy } = request;
    const catalogue = await this.editing.commit(
      {
        type: 'provider-update',
        id,
        isEnabled,
        clientIds: clientIds === null ? [] : clientIds,
        hosted,
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
