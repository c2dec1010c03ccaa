import { AutoselectDefinition } from '@aisbf/contracts';
import type { Prisma } from '@aisbf/database-router';
import type { StoredAutoselect } from '../domain/catalogue.js';
import type { CatalogueChange } from '../domain/catalogue-change.js';

type AutoselectPut = Extract<CatalogueChange, { type: 'autoselect-put' }>;

export type AutoselectRow = Readonly<{
  id: string;
  owner_id: string;
  username: string;
  name: string;
  created_at: Date;
  definition: unknown;
}>;

export async function putAutoselect(
  { autoselect, definition }: AutoselectPut,
  transaction: Prisma.TransactionClient,
): Promise<void> {
  const { ownerId, name } = autoselect;
  await transaction.autoselect.upsert({
    where: { ownerId_name: { ownerId, name } },
    create: { ...autoselect, definition },
    update: { definition },
  });
}

/** Undefined where the document is of a form that is not known here. */
export function fromAutoselectRow(row: AutoselectRow): StoredAutoselect | undefined {
  const { id, owner_id: ownerId, username, name, created_at: createdAt } = row;
  const definition = AutoselectDefinition.safeParse(row.definition);
  if (!definition.success) return undefined;
  return {
    id,
    ownerId,
    username,
    name,
    createdAtMs: createdAt.getTime(),
    definition: definition.data,
  };
}
