import { setting } from '@aisbf/platform';

/** How long whoever fails is left alone, and who stands out among others. */
export const healthSettings = {
  ROUTER_COOLDOWN_MS_BASE: setting.durationMs(
    2_000,
    'How long an upstream is asked last after its first failure; each further one doubles it.',
  ),
  ROUTER_COOLDOWN_MS_MAX: setting.durationMs(
    20_000,
    'Longest cooldown: a machine that is back has its share again within half a minute.',
  ),
  ROUTER_TRIAL_MS_MAX: setting.durationMs(
    5_000,
    'How long one request tries out an upstream that has cooled down, before a replica lets another one.',
  ),
  ROUTER_OUTLIER_ATTEMPTS: setting.integer(
    20,
    2,
    1_000,
    'Latest attempts by which the success of an upstream is compared with that of the others.',
  ),
  ROUTER_OUTLIER_SHORTFALL_PERCENT: setting.integer(
    30,
    1,
    100,
    'An upstream whose success is so many points below that of the others is asked last for a while.',
  ),
  ROUTER_OUTLIER_SHARE_PERCENT_MAX: setting.integer(
    50,
    0,
    100,
    'How much of those that can serve may be asked last at once, before comparing stops: the rest bears it all.',
  ),
  ROUTER_OUTLIER_MS: setting.durationMs(
    20_000,
    'How long after its latest attempt such an upstream is asked last; then it begins anew.',
  ),
  ROUTER_RETRY_AFTER_MS_MAX: setting.durationMs(
    600_000,
    'Longest Retry-After of an upstream that is believed.',
  ),
  ROUTER_COOLDOWN_ENTRIES_MAX: setting.integer(
    100_000,
    1,
    10_000_000,
    'How many upstreams in trouble are remembered.',
  ),
};
