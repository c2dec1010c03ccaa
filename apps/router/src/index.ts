/** The door for the bench, which measures how routes are decided with nobody behind the ports. */
export { healthSettings, planningSettings, presenceSettings } from './app.module.js';
export { routerSettings } from './config.js';
export type { TokenBuyer } from './domain/buyer.js';
export {
  type CatalogueRecords,
  indexCatalogue,
  type Listing,
  type Provider,
  type Rotation,
} from './domain/catalogue.js';
export { plan } from './domain/plan.js';
export { Presence } from './domain/presence.js';
export { randomFromSeed } from './domain/weighted-order.js';
export { RouterEvents } from './events.js';
export { SelectionEvents } from './selection-events.js';
export { Accounts } from './services/accounts.js';
export { Admission } from './services/admission.js';
export { AllowanceSettings, Allowances } from './services/allowances.js';
export { HoldDesk, TicketSecret } from './services/hold-desk.js';
export { Leases } from './services/leases.js';
export { CatalogueStore, LiveCatalogue } from './services/live-catalogue.js';
export { LiveHealth } from './services/live-health.js';
export { LivePace, PaceSettings } from './services/live-pace.js';
export { Market } from './services/market.js';
export { OwnerRateSettings, OwnerRates } from './services/owner-rates.js';
export { Planning } from './services/planning.js';
export { ProviderRates } from './services/provider-rates.js';
export { RateCheck, RateCheckSettings } from './services/rate-check.js';
export { RateLimits } from './services/rate-limits.js';
export { RatedPlanning } from './services/rated-planning.js';
export {
  SelectionNoteSettings,
  SelectionNotes,
  SelectionRecords,
} from './services/selection-notes.js';
export { UsualOutputSettings, UsualOutputs } from './services/usual-outputs.js';
