import { setting } from '@aisbf/platform';

/** The settings of looking at the ledger from outside, and of putting it right. */
export const reconciliationSettings = {
  ACCOUNTS_RECONCILE_INTERVAL_MS: setting.durationMs(
    60_000,
    'How often is looked whether a minute, an hour or a day waits to be reconciled; one that failed is tried again after as long.',
  ),
  ACCOUNTS_RECONCILE_PROVIDER_DAYS: setting.integer(
    2,
    0,
    30,
    'How many days before the one that is over are compared again with payment providers: what they tell by themselves may come so late.',
  ),
  ACCOUNTS_REPAIR_NANOS_ALONE_MAX: setting.integer(
    1_000_000_000,
    0,
    999_999_999_999_999,
    'Most that one operator may move by repairs in 24 hours alone: 1 USD, a rounding or a lost request. More needs a second person.',
  ),
  ACCOUNTS_REPAIR_TTL_MS: setting.integer(
    604_800_000,
    60_000,
    7_776_000_000,
    'How long a proposed repair waits for a second person: a week; later nobody remembers why.',
  ),
};
