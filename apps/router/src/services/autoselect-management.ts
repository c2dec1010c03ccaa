import { randomUUID } from 'node:crypto';
import type {
  AutoselectDefinition,
  Autoselect as AutoselectMessage,
  Principal,
  PutAutoselect,
} from '@aisbf/contracts';
import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import type { Actor } from '../domain/act.js';
import { builtInAutoselects } from '../domain/built-in-autoselects.js';
import { ownedName } from '../domain/catalogue.js';
import { toAutoselect } from '../domain/catalogue-message.js';
import { faults } from '../domain/faults.js';
import { isVisibleTo, type Scope } from '../domain/offer.js';
import { unknownClass } from '../domain/sought-advice.js';
import { CatalogueEditing } from './catalogue-editing.js';
import { requireOpenImport } from './import-management.js';
import { Owners } from './owners.js';
import { requireOpenRotation } from './rotation-management.js';

type Whose = Readonly<{ principal: Principal; username: string | undefined }>;
type ByWhom = Whose & Readonly<{ principal: Actor }>;

/** Autoselects, as their owners manage them. */
@Injectable()
export class AutoselectManagement {
  constructor(
    private readonly editing: CatalogueEditing,
    private readonly owners: Owners,
    private readonly clock: Clock,
  ) {}

  /** Creates an autoselect or replaces it. */
  async put(
    principal: Actor,
    name: string,
    { username, ...definition }: PutAutoselect,
  ): Promise<AutoselectMessage> {
    const owner = await this.owners.ownerFor(principal, username);
    const newest = await this.editing.newest();
    const missing = unknownClass(definition);
    if (missing !== undefined) throw faults.AUTOSELECT_CLASS_UNKNOWN({ class: missing });
    requireVisible(definition, { buyer: owner, catalogue: newest, nowMs: this.clock.nowMs() });
    const known = newest.autoselectByOwnedName.get(ownedName(owner.ownerId, name));
    const autoselect = { id: known?.id ?? randomUUID(), ...owner, name };
    const catalogue = await this.editing.commit(
      { type: 'autoselect-put', autoselect, definition },
      principal,
    );
    const saved = catalogue.autoselectByOwnedName.get(ownedName(owner.ownerId, name));
    if (!saved) throw faults.AUTOSELECT_NOT_FOUND();
    return toAutoselect(saved);
  }

  /** One's own, then the built-in ones that none of them hides. */
  async list({ principal, username }: Whose): Promise<AutoselectMessage[]> {
    const { ownerId } = await this.owners.ownerFor(principal, username);
    const catalogue = await this.editing.newest();
    const own = catalogue.autoselects.filter((autoselect) => autoselect.ownerId === ownerId);
    const names = new Set(own.map(({ name }) => name));
    const builtIn = [...builtInAutoselects.values()].filter(({ name }) => !names.has(name));
    return [...own, ...builtIn].map(toAutoselect);
  }

  async get(whose: Whose, name: string): Promise<AutoselectMessage> {
    const found = (await this.list(whose)).find((autoselect) => autoselect.name === name);
    if (!found) throw faults.AUTOSELECT_NOT_FOUND();
    return found;
  }

  async delete({ principal, username }: ByWhom, name: string): Promise<void> {
    const { ownerId } = await this.owners.ownerFor(principal, username);
    const catalogue = await this.editing.newest();
    const autoselect = catalogue.autoselectByOwnedName.get(ownedName(ownerId, name));
    if (autoselect)
      await this.editing.commit({ type: 'autoselect-delete', id: autoselect.id }, principal);
    else if (builtInAutoselects.has(name)) throw faults.AUTOSELECT_BUILT_IN();
    else throw faults.AUTOSELECT_NOT_FOUND();
  }
}

/** An autoselect is made of what its owner may call; anything else does not exist for it. */
function requireVisible(
  { decisions, otherwise }: AutoselectDefinition,
  scope: Omit<Scope, 'feeBpsDefault'>,
): void {
  for (const { from } of [...decisions.flatMap(({ use }) => use), ...otherwise]) {
    for (const member of from === 'everything' ? [] : from) {
      if ('rotationId' in member) requireOpenRotation(member.rotationId, scope);
      else if ('importId' in member) requireOpenImport(member.importId, scope);
      else if (!isVisibleTo(scope, member)) {
        throw faults.PROVIDER_NOT_FOUND({ providerId: member.providerId });
      }
    }
  }
}
