import type { Prisma } from '@aisbf/database-router';
import type { MarketImport } from '../domain/catalogue.js';
import type { CatalogueChange } from '../domain/catalogue-change.js';
import { faults } from '../domain/faults.js';
import { type PriceColumns, pricesOfRow, toPriceColumns } from './price-columns.js';

type ImportPut = Extract<CatalogueChange, { type: 'import-put' }>;

export type ImportRow = PriceColumns &
  Readonly<{
    id: string;
    owner_id: string;
    username: string;
    name: string;
    created_at: Date;
    provider_id: string;
    model: string;
    listing: string;
    note: string | null;
  }>;

/** One that is replaced keeps its id: rotations that lead to it go on doing so. */
export async function putImport(
  { imported, importsMax }: ImportPut,
  transaction: Prisma.TransactionClient,
): Promise<void> {
  const { id, ownerId, username, name, pricesMax, ...led } = imported;
  const content = { ...led, ...toPriceColumns(pricesMax) };
  await transaction.marketImport.upsert({
    where: { ownerId_name: { ownerId, name } },
    create: { id, ownerId, username, name, ...content },
    update: content,
  });
  // Within the transaction, which no other change of the catalogue overtakes.
  const count = await transaction.marketImport.count({ where: { ownerId } });
  if (count > importsMax) throw faults.IMPORTS_TOO_MANY({ importsMax });
}

export function fromImportRow(row: ImportRow): MarketImport {
  return {
    id: row.id,
    ownerId: row.owner_id,
    username: row.username,
    name: row.name,
    createdAtMs: row.created_at.getTime(),
    providerId: row.provider_id,
    model: row.model,
    listing: row.listing,
    pricesMax: pricesOfRow(row),
    note: row.note,
  };
}
