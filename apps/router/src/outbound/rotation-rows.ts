import type { Prisma } from '@aisbf/database-router';
import type { Rotation, RotationMember, RotationTarget } from '../domain/catalogue.js';
import type { CatalogueChange } from '../domain/catalogue-change.js';
import { faults } from '../domain/faults.js';

type RotationPut = Extract<CatalogueChange, { type: 'rotation-put' }>;

export type RotationRow = Readonly<{
  id: string;
  owner_id: string;
  username: string;
  name: string;
  created_at: Date;
  attempts_max: number | null;
  first_byte_ms: number | null;
  total_ms: number | null;
  hedge_after_ms: number | null;
}>;

export type MemberRow = Readonly<{
  rotation_id: string;
  provider_id: string | null;
  model: string | null;
  inner_rotation_id: string | null;
  import_id: string | null;
  weight: number;
  priority: number;
}>;

export async function putRotation(
  { rotation, members, limits }: RotationPut,
  transaction: Prisma.TransactionClient,
): Promise<void> {
  const { id, ownerId, username, name } = rotation;
  const { id: rotationId } = await transaction.rotation.upsert({
    where: { ownerId_name: { ownerId, name } },
    create: { id, ownerId, username, name, ...limits },
    update: { ...limits },
  });
  await transaction.rotationMember.deleteMany({ where: { rotationId } });
  await transaction.rotationMember.createMany({
    data: members.map(({ target, weight, priority }, position) => ({
      rotationId,
      position,
      ...toTargetColumns(target),
      weight,
      priority,
    })),
  });
  await requireNoLoop(rotationId, transaction);
}

/** Within the transaction, which no other change of the catalogue overtakes: no two make a loop together. */
async function requireNoLoop(id: string, transaction: Prisma.TransactionClient): Promise<void> {
  const loops = await transaction.$queryRaw<unknown[]>`
    WITH RECURSIVE inner_rotation (id) AS (
      SELECT inner_rotation_id FROM rotation_member WHERE rotation_id = ${id}::uuid
      UNION
      SELECT m.inner_rotation_id FROM rotation_member m JOIN inner_rotation i ON m.rotation_id = i.id
    )
    SELECT 1 FROM inner_rotation WHERE id = ${id}::uuid`;
  if (loops.length > 0) throw faults.ROTATION_LOOP();
}

function toTargetColumns(target: RotationTarget) {
  if (target.kind === 'rotation') return { innerRotationId: target.rotationId };
  if (target.kind === 'import') return { importId: target.importId };
  const { providerId, model } = target;
  return { providerId, model };
}

export function fromRotationRow(row: RotationRow, members: readonly MemberRow[]): Rotation {
  return {
    id: row.id,
    ownerId: row.owner_id,
    username: row.username,
    name: row.name,
    createdAtMs: row.created_at.getTime(),
    members: members.map(fromMemberRow),
    limits: {
      attemptsMax: row.attempts_max,
      firstByteMs: row.first_byte_ms,
      totalMs: row.total_ms,
      hedgeAfterMs: row.hedge_after_ms,
    },
  };
}

function fromMemberRow(row: MemberRow): RotationMember {
  const { weight, priority } = row;
  return { target: fromTargetColumns(row), weight, priority };
}

function fromTargetColumns(row: MemberRow): RotationTarget {
  const { provider_id, model, inner_rotation_id, import_id } = row;
  if (inner_rotation_id !== null) return { kind: 'rotation', rotationId: inner_rotation_id };
  if (import_id !== null) return { kind: 'import', importId: import_id };
  return { kind: 'model', providerId: provider_id ?? '', model: model ?? '' };
}
