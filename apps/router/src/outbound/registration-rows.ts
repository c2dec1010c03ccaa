import type { Prisma } from '@aisbf/database-router';
import type { CatalogueChange } from '../domain/catalogue-change.js';
import { faults } from '../domain/faults.js';
import type { Registration } from '../domain/registration.js';

type Transaction = Prisma.TransactionClient;
type Change<Type extends CatalogueChange['type']> = Extract<CatalogueChange, { type: Type }>;

export function toRegistrationRow(registration: Registration) {
  const { id, publicId, tokenHash, createdAtMs, expiresAtMs } = registration;
  return {
    id,
    publicId,
    tokenHash,
    createdAt: new Date(createdAtMs),
    expiresAt: expiresAtMs === null ? null : new Date(expiresAtMs),
  };
}

/** Adds one, ends the others where it takes their place, and forgets ended ones past the limit. */
export async function addRegistration(
  { providerId, registration, othersEndAtMs, registrationsMax }: Change<'registration-add'>,
  transaction: Transaction,
): Promise<void> {
  if (othersEndAtMs !== null) {
    const expiresAt = new Date(othersEndAtMs);
    // Those that end sooner anyway keep their time.
    const outlasting = { OR: [{ expiresAt: null }, { expiresAt: { gt: expiresAt } }] };
    await transaction.registration.updateMany({
      where: { providerId, revokedAt: null, ...outlasting },
      data: { expiresAt },
    });
  }
  await transaction.registration.create({
    data: { ...toRegistrationRow(registration), providerId },
  });
  const surplus =
    (await transaction.registration.count({ where: { providerId } })) - registrationsMax;
  if (surplus <= 0) return;
  const atMost = new Date(registration.createdAtMs);
  const ended = await transaction.registration.findMany({
    where: { providerId, OR: [{ revokedAt: { not: null } }, { expiresAt: { lte: atMost } }] },
    orderBy: { createdAt: 'asc' },
    take: surplus,
    select: { id: true },
  });
  if (ended.length < surplus) throw faults.REGISTRATIONS_TOO_MANY({ registrationsMax });
  await transaction.registration.deleteMany({ where: { id: { in: ended.map(({ id }) => id) } } });
}

/** Revoked twice, it keeps the time of the first. */
export async function revokeRegistration(
  { id, revokedAtMs }: Change<'registration-revoke'>,
  transaction: Transaction,
): Promise<void> {
  await transaction.registration.updateMany({
    where: { id, revokedAt: null },
    data: { revokedAt: new Date(revokedAtMs) },
  });
}
