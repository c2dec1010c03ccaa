import type { Migration } from './migration-folder.js';

/** A row of `_prisma_migrations`, as far as it decides what happens next. */
export type HistoryRow = Readonly<{
  migration_name: string;
  checksum: string;
  finished_at: Date | null;
  rolled_back_at: Date | null;
}>;

/** The database and the folder disagree in a way that only a person can put right. */
export class MigrationRefused extends Error {
  override readonly name = 'MigrationRefused';
}

/**
 * Which migrations are still to be applied, oldest first.
 *
 * Refuses a history that the folder does not explain: money lives in these tables, and code that runs
 * against other tables than it was written for is worse than code that does not run.
 */
export function pendingMigrations(
  schema: string,
  migrations: readonly Migration[],
  history: readonly HistoryRow[],
): readonly Migration[] {
  const applied = new Map<string, HistoryRow>();
  for (const row of history) {
    // `prisma migrate resolve --rolled-back` keeps the row and lets the migration run again.
    if (row.rolled_back_at !== null) continue;
    if (row.finished_at === null) {
      throw new MigrationRefused(
        `The migration ${row.migration_name} of schema ${schema} failed half-way. Repair the database, then mark it with "prisma migrate resolve".`,
      );
    }
    applied.set(row.migration_name, row);
  }
  for (const [name, row] of applied) {
    const migration = migrations.find((candidate) => candidate.name === name);
    if (migration === undefined) {
      throw new MigrationRefused(
        `Schema ${schema} has the migration ${name}, which this version does not know: the database is newer than the code.`,
      );
    }
    if (migration.checksum !== row.checksum) {
      throw new MigrationRefused(
        `The migration ${name} of schema ${schema} was edited after it had been applied. Restore the file and put the change into a new migration.`,
      );
    }
  }
  return migrations.filter((migration) => !applied.has(migration.name));
}
