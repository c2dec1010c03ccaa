import { requireOperator } from '@aisbf/access';
import type { LiftUsageCheck, Principal, UsageCheck as UsageCheckMessage } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import type { Actor } from '../domain/act.js';
import { usageCheckOf } from '../domain/catalogue.js';
import { toUsageCheck } from '../domain/catalogue-message.js';
import { faults } from '../domain/faults.js';
import { CatalogueEditing } from './catalogue-editing.js';
import { Owners } from './owners.js';

/** What is held against providers' own counts: their owners see it, operators lift it. */
@Injectable()
export class UsageCheckManagement {
  constructor(
    private readonly editing: CatalogueEditing,
    private readonly owners: Owners,
  ) {}

  async list(principal: Principal, username: string | undefined): Promise<UsageCheckMessage[]> {
    const { ownerId } = await this.owners.ownerFor(principal, username);
    const catalogue = await this.editing.newest();
    const own = catalogue.providersByOwnerId.get(ownerId) ?? [];
    return own.flatMap(({ id }) =>
      catalogue.usageChecks
        .filter(({ providerId }) => providerId === id)
        .map((check) => toUsageCheck(check, catalogue)),
    );
  }

  /** Counting begins anew; what is off then is flagged or paused again. Where nothing is held, nothing is done. */
  async lift(principal: Actor, { providerId, model }: LiftUsageCheck): Promise<void> {
    requireOperator(principal);
    const catalogue = await this.editing.newest();
    if (!catalogue.providerById.has(providerId)) throw faults.PROVIDER_NOT_FOUND();
    if (!usageCheckOf(catalogue, providerId, model)) return;
    const change = { type: 'usage-check-delete', providerId, model, state: null } as const;
    await this.editing.commit(change, principal);
  }
}
