import { accessSettings } from '@aisbf/access';
import { egressSettings } from '@aisbf/egress';
import { ConfigError, setting } from '@aisbf/platform';
import { z } from 'zod';
import { credentialSettings } from './credential-config.js';
import { healthSettings } from './health-config.js';
import { probeMistakes, probeSettings } from './probe-config.js';
import { selectionSettings } from './selection-config.js';

export const routerSettings = z.object({
  AISBF_INTERNAL_SECRET: setting.secret(
    'Shared by the services of one installation; proves a caller is one of them.',
  ),
  AISBF_NATS_URL: setting.url(/^(nats|tls)$/, 'Where presence, health and changes are heard.'),
  AISBF_TRUSTED_PROXIES: setting.trustedProxies(),
  ...egressSettings,
  ...accessSettings,
  ROUTER_HTTP_HOST: setting.host('Address to listen on.'),
  ROUTER_HTTP_PORT: setting.port(7002, 'Port of the HTTP API; 0 picks a free one.'),
  ROUTER_GRPC_PORT: setting.port(7102, 'Port of the gRPC API for other teams; 0 picks a free one.'),
  ROUTER_LOG_LEVEL: setting.logLevel(),
  ROUTER_BODY_BYTES_MAX: setting.sizeBytes(
    2_097_152,
    'Largest request body. A provider with 2,000 long model names is 1 MB.',
  ),
  ROUTER_SHUTDOWN_GRACE_MS: setting.durationMs(
    10_000,
    'How long running calls may take when the process is asked to leave; they take milliseconds.',
  ),
  ROUTER_DATABASE_URL: setting.url(
    /^postgres(ql)?$/,
    'Postgres, as the role whose search path is the schema of the router.',
  ),
  ROUTER_DATABASE_CONNECTIONS_MAX: setting.integer(
    5,
    1,
    500,
    'Connections for reading and as many for writing; no request of a buyer uses one.',
  ),
  ROUTER_REDIS_URL: setting.url(/^rediss?$/, 'Where the rates of API tokens are counted.'),
  ROUTER_REDIS_TIMEOUT_MS: setting.durationMs(
    250,
    'How long a request waits for the rate counter; it answers within a millisecond.',
  ),
  ROUTER_LIMITS_OPEN: z
    .enum(['true', 'false'])
    .default('true')
    .describe('Whether requests go on uncounted while Redis is away. Holds do not depend on it.'),
  ROUTER_RATE_SLICE_MS: setting.integer(
    1_000,
    0,
    10_000,
    "How long what a router takes in advance of an API token's rates may be used, in ms: spares Redis most calls of busy ones. 0: each request is asked for.",
  ),
  ROUTER_ACCOUNTS_URL: setting.url(/^https?$/, 'The accounts service.'),
  ROUTER_ACCOUNTS_TIMEOUT_MS: setting.durationMs(
    10_000,
    'How long one call to accounts may take. Above the time-outs of its database.',
  ),
  ROUTER_ACCOUNTS_CONNECTIONS_MAX: setting.integer(
    64,
    1,
    1024,
    'Kept connections to accounts. More only queue in its event loop.',
  ),
  ROUTER_SECRET_PEPPER: setting.secret(
    'Key of the stored hashes of registration tokens. Lost, every worker needs a new token.',
  ),
  ...credentialSettings,
  ROUTER_HOSTED_BY_USERS: z
    .enum(['true', 'false'])
    .default('true')
    .describe(
      "Whether users may offer hosted providers, whose URLs our gateways call, guarded. Only once no gateway is left that doesn't guard.",
    ),
  ROUTER_FEE_BPS: setting.integer(500, 0, 10_000, "The platform's share of a sale: 5 percent."),
  ROUTER_PRICE_NANOS_MAX: setting.integer(
    1_000_000_000_000,
    1,
    1_000_000_000_000_000,
    'Highest price of a million tokens or of a request: 1,000 USD. It keeps sums within the ledger.',
  ),
  ROUTER_TERMS_AHEAD_MAX: setting.integer(
    32,
    1,
    1_000,
    "How many changes of one listing's prices, or of one fee, may lie ahead: each is in every router's memory.",
  ),
  ROUTER_TERMS_AHEAD_MS_MAX: setting.integer(
    31_536_000_000,
    1,
    315_360_000_000,
    'How far ahead a price or a fee may begin: a year. What is dated later is most likely a slip.',
  ),
  ROUTER_IMPORTS_MAX: setting.integer(
    1_000,
    1,
    100_000,
    "How many listings of others one owner may import: each is in every router's memory.",
  ),
  ROUTER_HOLD_TTL_MS: setting.durationMs(
    660_000,
    'How long money stays held. Longer than a request may take, and a minute to settle.',
  ),
  ROUTER_LEASES: z
    .enum(['true', 'false'])
    .default('true')
    .describe(
      'Whether money is held in advance for API tokens in steady use: no call to accounts.',
    ),
  ROUTER_LEASE_IDLE_MS: setting.durationMs(
    2_000,
    'An API token whose requests are further apart gets no lease; one that rests gives its lease back.',
  ),
  ROUTER_LEASE_ISSUE_MS_MAX: setting.durationMs(
    60_000,
    'How long one lease is spent before another takes its place: what a killed gateway has lost comes back then.',
  ),
  ROUTER_LEASE_REST_MS: setting.durationMs(
    5_000,
    'How long an API token goes without a lease after it was refused one or had to give it back.',
  ),
  ROUTER_FIRST_BYTE_MS_MAX: setting.durationMs(
    60_000,
    'How long one attempt may take to its first byte: a worker may be loading a model.',
  ),
  ROUTER_IDLE_MS_MAX: setting.durationMs(
    60_000,
    'How long a stream may be silent between two bytes.',
  ),
  ROUTER_TOTAL_MS_MAX: setting.durationMs(600_000, 'How long a whole request may take.'),
  ROUTER_REALTIME_MS_MAX: setting.durationMs(
    3_600_000,
    'How long a session of the Realtime API may last: an hour, as at OpenAI. Its hold is renewed meanwhile.',
  ),
  ROUTER_ATTEMPTS_MAX: setting.integer(4, 1, 64, 'How many candidates one request may try.'),
  ROUTER_AUTOSELECT_OFFERS_MAX: setting.integer(
    250,
    1,
    4_096,
    "How many offers one selection weighs, one's own first: at about 4 µs each, a millisecond in all.",
  ),
  ...selectionSettings,
  ROUTER_CANDIDATES_MAX: setting.integer(
    8,
    1,
    64,
    'How many candidates a plan names: some may be gone when they are asked, and each is stored.',
  ),
  ROUTER_REJECTIONS_MAX: setting.integer(32, 0, 64, 'How many rejections a plan tells of.'),
  ROUTER_OUTPUT_TOKENS_DEFAULT: setting.integer(
    4_096,
    1,
    1_000_000,
    'Output that money is held for while it is not known what is usual; few answers are longer.',
  ),
  ROUTER_OUTPUT_TOKENS_SMALL: setting.integer(
    1_024,
    1,
    1_000_000,
    'A limit in the body up to this is held for as it is; a larger one is rarely reached, and the usual is held.',
  ),
  ROUTER_USUAL_ANSWERS_MAX: setting.integer(
    128,
    1,
    10_000,
    'Answers of one API token and model that tell what is usual: 99 in 100 of them have no more. 0.5 KB.',
  ),
  ROUTER_USUAL_ANSWERS_MIN: setting.integer(
    16,
    1,
    10_000,
    'So many answers must be known before they tell what is usual.',
  ),
  ROUTER_USUAL_ENTRIES_MAX: setting.integer(
    20_000,
    1,
    1_000_000,
    'Pairs of an API token and a model whose answers are remembered: about 20 MB.',
  ),
  ROUTER_USAGE_REQUESTS: setting.integer(
    200,
    1,
    10_000,
    "Requests of a provider's model over which its own counts are compared with ours.",
  ),
  ROUTER_USAGE_FLAG_BPS: setting.integer(
    200,
    0,
    10_000,
    'A difference above this, in basis points, flags the model; what our measure may be off is added.',
  ),
  ROUTER_USAGE_PAUSE_BPS: setting.integer(
    1_000,
    0,
    10_000,
    'A difference above this pauses it: it gets no requests until an operator lifts that.',
  ),
  ROUTER_USAGE_ENTRIES_MAX: setting.integer(
    10_000,
    1,
    1_000_000,
    "Providers' models that are watched at once, at about 30 KB each when their requests are many.",
  ),
  ROUTER_OUTPUT_TOKENS_MAX: setting.integer(
    32_768,
    1,
    1_000_000,
    'Most output that money is held for: clients that always ask for 64,000 must not be refused.',
  ),
  ROUTER_PROMPT_TOKENS_MAX: setting.integer(
    100_000_000,
    1,
    1_000_000_000,
    'Longest prompt that is planned at all. Beyond any model; it keeps sums within the ledger.',
  ),
  ROUTER_FRAME_OVERHEAD_BYTES: setting.sizeBytes(
    1_024,
    "What an envelope adds to a body on its way into a worker's socket.",
  ),
  ROUTER_SESSION_QUEUED_MAX: setting.integer(
    32,
    0,
    10_000,
    'A busy session with this many requests waiting gets no more: the wait would outlast the buyer.',
  ),
  ROUTER_PRINCIPAL_TTL_MS: setting.durationMs(
    30_000,
    'How long an API token is remembered, while accounts gives leave to; changes are heard at once.',
  ),
  ROUTER_PRINCIPAL_ENTRIES_MAX: setting.integer(
    100_000,
    1,
    10_000_000,
    'How many API tokens are remembered; about 0.5 KB each.',
  ),
  ...healthSettings,
  ROUTER_OWNER_RATE_REQUESTS_MAX: setting.integer(
    50_000,
    1,
    10_000_000,
    "Requests under way whose shares of owners' rates are remembered, to be given back: about 0.5 KB each.",
  ),
  ROUTER_PACE_REQUESTS_MIN: setting.integer(
    20,
    1,
    10_000,
    'Streams that a window must hold to tell the pace of a model; with fewer the next longer window does.',
  ),
  ROUTER_PACE_ENTRIES_MAX: setting.integer(
    5_000,
    1,
    1_000_000,
    "Providers' models whose pace is remembered, at up to 30 KB each, and half as much again where it is probed.",
  ),
  ...probeSettings,
  ROUTER_CATALOGUE_POLL_MS: setting.durationMs(
    1_000,
    'How often the revision is looked at: changes are heard at once, this heals a lost message.',
  ),
  ROUTER_REPLICA_BEAT_MS: setting.durationMs(
    1_000,
    'How often a router tells the others which revision it plans with, beside telling it whenever that changes.',
  ),
  ROUTER_REPLICA_SILENCE_MS_MAX: setting.durationMs(
    10_000,
    'A router silent for longer is gone, and no change waits for it. One that was only cut off looks for itself.',
  ),
  ROUTER_ACTS_INTERVAL_MS: setting.durationMs(
    500,
    'How often acts of managing are carried to the record of accounts: soon enough for whoever looks after acting.',
  ),
  ROUTER_REGISTRATION_OVERLAP_MS: setting.integer(
    0,
    0,
    2_592_000_000,
    'How long earlier registration tokens stay good after a rotation that does not say: it may answer a leak.',
  ),
  ROUTER_REGISTRATIONS_MAX: setting.integer(
    64,
    1,
    10_000,
    'How many registrations of one provider are kept; each is compared when a worker connects.',
  ),
  ROUTER_REGISTRATION_EXPIRY_TICK_MS: setting.durationMs(
    500,
    'How often expired registrations are looked for: their sessions end within a second.',
  ),
  ROUTER_BROKER_SILENCE_MS_MAX: setting.durationMs(
    4_000,
    'A broker silent for longer is gone, and its sessions with it. It beats once a second.',
  ),
  ROUTER_PRESENCE_TICK_MS: setting.durationMs(
    500,
    'How often silent brokers and overdue answers are looked for.',
  ),
  ROUTER_PRESENCE_RETRY_MS: setting.durationMs(
    1_000,
    "How long a broker's answer may take before it is asked again.",
  ),
  ROUTER_PRESENCE_EVENTS_MAX: setting.integer(
    20_000,
    1,
    1_000_000,
    'How many events of one broker are kept while it is asked for everything.',
  ),
});

export type RouterSettings = z.infer<typeof routerSettings>;

/** Settings that are each fine but do not go together. All mistakes at once. */
export function requireConsistent(settings: RouterSettings): void {
  const mistakes = [
    settings.ROUTER_HOLD_TTL_MS <= settings.ROUTER_TOTAL_MS_MAX &&
      'ROUTER_HOLD_TTL_MS: must be longer than ROUTER_TOTAL_MS_MAX, or holds expire under requests',
    settings.ROUTER_REPLICA_BEAT_MS >= settings.ROUTER_REPLICA_SILENCE_MS_MAX &&
      'ROUTER_REPLICA_BEAT_MS: must be shorter than ROUTER_REPLICA_SILENCE_MS_MAX, or all are gone at times',
    settings.ROUTER_COOLDOWN_MS_BASE > settings.ROUTER_COOLDOWN_MS_MAX &&
      'ROUTER_COOLDOWN_MS_BASE: must not be longer than ROUTER_COOLDOWN_MS_MAX',
    settings.ROUTER_OUTPUT_TOKENS_DEFAULT > settings.ROUTER_OUTPUT_TOKENS_MAX &&
      'ROUTER_OUTPUT_TOKENS_DEFAULT: must not be more than ROUTER_OUTPUT_TOKENS_MAX',
    settings.ROUTER_USAGE_FLAG_BPS > settings.ROUTER_USAGE_PAUSE_BPS &&
      'ROUTER_USAGE_FLAG_BPS: must not be more than ROUTER_USAGE_PAUSE_BPS',
    settings.ROUTER_USUAL_ANSWERS_MIN > settings.ROUTER_USUAL_ANSWERS_MAX &&
      'ROUTER_USUAL_ANSWERS_MIN: must not be more than ROUTER_USUAL_ANSWERS_MAX',
    settings.ROUTER_ATTEMPTS_MAX > settings.ROUTER_CANDIDATES_MAX &&
      'ROUTER_ATTEMPTS_MAX: must not be more than ROUTER_CANDIDATES_MAX',
    settings.ROUTER_FIRST_BYTE_MS_MAX > settings.ROUTER_TOTAL_MS_MAX &&
      'ROUTER_FIRST_BYTE_MS_MAX: must not be longer than ROUTER_TOTAL_MS_MAX',
    ...probeMistakes(settings),
  ].filter((mistake) => mistake !== false);
  if (mistakes.length > 0) throw new ConfigError(mistakes);
}
