import { describe, expect, it } from '@jest/globals';
import { type HistoryRow, MigrationRefused, pendingMigrations } from './migration-history.js';

const migration = (name: string, checksum = `sum-of-${name}`) => ({ name, sql: '', checksum });
const row = (name: string, changes: Partial<HistoryRow> = {}): HistoryRow => ({
  migration_name: name,
  checksum: `sum-of-${name}`,
  finished_at: new Date(0),
  rolled_back_at: null,
  ...changes,
});
const pendingNames = (names: readonly string[], history: readonly HistoryRow[]) =>
  pendingMigrations(
    'accounts',
    names.map((name) => migration(name)),
    history,
  ).map(({ name }) => name);

describe(pendingMigrations, () => {
  it('applies everything to an empty database, in order', () => {
    expect(pendingNames(['1', '2'], [])).toEqual(['1', '2']);
  });

  it('leaves out what is applied', () => {
    expect(pendingNames(['1', '2', '3'], [row('2'), row('1')])).toEqual(['3']);
  });

  it('applies again what was marked as rolled back', () => {
    const failed = row('2', { finished_at: null, rolled_back_at: new Date(0) });
    expect(pendingNames(['1', '2'], [row('1'), failed])).toEqual(['2']);
  });

  it.each([
    ['was edited', [row('1', { checksum: 'another' })], /migration 1 .* was edited/],
    ['failed half-way', [row('1', { finished_at: null })], /migration 1 .* failed half-way/],
    ['is not known', [row('9')], /migration 9, which this version does not know/],
  ])('refuses a history with a migration that %s', (_why, history, message) => {
    expect(() => pendingNames(['1'], history)).toThrow(MigrationRefused);
    expect(() => pendingNames(['1'], history)).toThrow(message);
  });
});
