import { randomUUID } from 'node:crypto';
import type { Principal, PutRotation, Rotation as RotationMessage } from '@aisbf/contracts';
import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import type { Actor } from '../domain/act.js';
import {
  globalUsername,
  ownedName,
  type RotationMember,
  type RotationTarget,
} from '../domain/catalogue.js';
import { toRotation } from '../domain/catalogue-message.js';
import { faults } from '../domain/faults.js';
import { isVisibleTo, type Scope } from '../domain/offer.js';
import { CatalogueEditing } from './catalogue-editing.js';
import { requireOpenImport } from './import-management.js';
import { Owners } from './owners.js';

type Whose = Readonly<{ principal: Principal; username: string | undefined }>;

/** Rotations, as their owners manage them. */
@Injectable()
export class RotationManagement {
  constructor(
    private readonly editing: CatalogueEditing,
    private readonly owners: Owners,
    private readonly clock: Clock,
  ) {}

  /** Creates a rotation or replaces its members. */
  async put(principal: Actor, name: string, request: PutRotation): Promise<RotationMessage> {
    const owner = await this.owners.ownerFor(principal, request.username);
    const newest = await this.editing.newest();
    const members = request.members.map(toMember);
    const { attemptsMax, firstByteMs, totalMs, hedge } = request;
    requireVisible(members, { buyer: owner, catalogue: newest, nowMs: this.clock.nowMs() });
    const known = newest.rotationByOwnedName.get(ownedName(owner.ownerId, name));
    const rotation = { id: known?.id ?? randomUUID(), ...owner, name };
    const limits = { attemptsMax, firstByteMs, totalMs, hedgeAfterMs: hedge?.afterMs ?? null };
    const change = { type: 'rotation-put', rotation, members, limits } as const;
    const catalogue = await this.editing.commit(change, principal);
    const saved = catalogue.rotationByOwnedName.get(ownedName(owner.ownerId, name));
    if (!saved) throw faults.ROTATION_NOT_FOUND();
    return toRotation(saved, catalogue, this.clock.nowMs());
  }

  async list({ principal, username }: Whose): Promise<RotationMessage[]> {
    const { ownerId } = await this.owners.ownerFor(principal, username);
    const catalogue = await this.editing.newest();
    return catalogue.rotations
      .filter((rotation) => rotation.ownerId === ownerId)
      .map((rotation) => toRotation(rotation, catalogue, this.clock.nowMs()));
  }

  async delete({ principal, username }: Whose & { principal: Actor }, name: string): Promise<void> {
    const { ownerId } = await this.owners.ownerFor(principal, username);
    const catalogue = await this.editing.newest();
    const rotation = catalogue.rotationByOwnedName.get(ownedName(ownerId, name));
    if (!rotation) throw faults.ROTATION_NOT_FOUND();
    await this.editing.commit({ type: 'rotation-delete', id: rotation.id }, principal);
  }
}

type Named =
  | Readonly<{ rotationId: string }>
  | Readonly<{ importId: string }>
  | Readonly<{ providerId: string; model: string }>;

function toMember({ weight, priority, ...named }: PutRotation['members'][number]): RotationMember {
  return { target: toTarget(named), weight, priority };
}

function toTarget(named: Named): RotationTarget {
  if ('rotationId' in named) return { kind: 'rotation', ...named };
  return 'importId' in named ? { kind: 'import', ...named } : { kind: 'model', ...named };
}

/** A rotation is made of what its owner may call; anything else does not exist for it. */
function requireVisible(
  members: readonly RotationMember[],
  scope: Omit<Scope, 'feeBpsDefault'>,
): void {
  const seen = new Set<string>();
  for (const { target } of members) {
    const name = JSON.stringify(target);
    if (seen.has(name)) throw faults.ROTATION_MEMBER_REPEATED({ ...target });
    seen.add(name);
    if (target.kind === 'rotation') requireOpenRotation(target.rotationId, scope);
    else if (target.kind === 'import') requireOpenImport(target.importId, scope);
    else if (!isVisibleTo(scope, target)) {
      throw faults.PROVIDER_NOT_FOUND({ providerId: target.providerId });
    }
  }
}

/** One's own, or the operator's: of another user's nobody knows what it leads to tomorrow. */
export function requireOpenRotation(
  rotationId: string,
  { buyer, catalogue }: Omit<Scope, 'feeBpsDefault' | 'nowMs'>,
): void {
  const rotation = catalogue.rotationById.get(rotationId);
  const isOpen = rotation?.ownerId === buyer.ownerId || rotation?.username === globalUsername;
  if (!isOpen) throw faults.ROTATION_NOT_FOUND({ rotationId });
}
