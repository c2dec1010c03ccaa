export { type ApplyMigrations, applyMigrations } from './apply-migrations.js';
export { MigrationRefused } from './migration-history.js';
export {
  type ProvisionDatabase,
  provisionDatabase,
  type ServiceSchema,
} from './provision-database.js';
