import { setting } from '@aisbf/platform';
import { z } from 'zod';
import { paymentSettings } from './payment-settings.js';

export const accountsSettings = z.object({
  AISBF_INTERNAL_SECRET: setting.secret(
    'Shared by the services of one installation; proves a caller is one of them.',
  ),
  AISBF_NATS_URL: setting.url(/^(nats|tls)$/, 'Where facts are published.'),
  ACCOUNTS_HTTP_HOST: setting.host('Address to listen on.'),
  ACCOUNTS_HTTP_PORT: setting.port(7001, 'Port of the HTTP API; 0 picks a free one.'),
  ACCOUNTS_GRPC_PORT: setting.port(
    7101,
    'Port of the gRPC API for other teams; 0 picks a free one.',
  ),
  ACCOUNTS_LOG_LEVEL: setting.logLevel(),
  ACCOUNTS_DATABASE_URL: setting.url(
    /^postgres(ql)?$/,
    'Postgres, as the role that owns nothing but these tables.',
  ),
  ACCOUNTS_DATABASE_CONNECTIONS_MAX: setting.integer(
    20,
    1,
    500,
    'Connections of one replica. Postgres commits no faster with more.',
  ),
  ACCOUNTS_BATCH_LANES_MAX: setting.integer(
    2,
    1,
    100,
    'Statements of a kind that move money at once. Calls that come meanwhile share the next one; more statements only wait for each other.',
  ),
  ACCOUNTS_BATCH_ITEMS_MAX: setting.integer(
    100,
    1,
    1_000,
    'Requests in one statement: enough that a commit costs each little, few enough to be quick.',
  ),
  ACCOUNTS_LEASE_KEEP: setting.integer(
    10,
    2,
    1_000,
    'A lease takes a tenth of what its owner has free: what lies in it is out of reach elsewhere.',
  ),
  ACCOUNTS_SECRET_PEPPER: setting.secret(
    'Key of the stored hashes of API tokens. Lost, every token is void.',
  ),
  ACCOUNTS_OPERATOR_API_TOKEN_FILE: setting.text(
    '',
    "Where the first operator's API token is written, once, on the very first start. Empty: no operator is made.",
  ),
  ACCOUNTS_BODY_BYTES_MAX: setting.sizeBytes(
    8_388_608,
    'Largest request body: a hundred settlements, each with 64 attempts and the ticket of 64 candidates, are 5 MB.',
  ),
  ACCOUNTS_REAPER_INTERVAL_MS: setting.durationMs(
    5_000,
    'How often expired holds are taken back; they must be gone 60 s after they expire.',
  ),
  ACCOUNTS_OUTBOX_INTERVAL_MS: setting.durationMs(
    1_000,
    'How often the outbox is looked at when nothing wakes it.',
  ),
  ACCOUNTS_FOLD_INTERVAL_MS: setting.durationMs(
    1_000,
    'How often what has moved is added to the sums that are kept; what was not yet is added when read.',
  ),
  ACCOUNTS_STREAMS_INTERVAL_MS: setting.durationMs(
    5_000,
    "How often the bus's streams are looked for: a bus that has lost everything gets them anew.",
  ),
  ACCOUNTS_VIOLATIONS_INTERVAL_MS: setting.durationMs(
    60_000,
    'How often the ledger is checked against itself for the metric.',
  ),
  ACCOUNTS_IDEMPOTENCY_TTL_MS: setting.durationMs(
    86_400_000,
    "How long a buyer's idempotency key stands for its request: a day, as clients expect.",
  ),
  ACCOUNTS_IDEMPOTENCY_PURGE_INTERVAL_MS: setting.durationMs(
    60_000,
    'How often keys whose time is over are forgotten, and the answers kept for them.',
  ),
  ACCOUNTS_VIOLATIONS_MS_MAX: setting.durationMs(
    600_000,
    'How long that check may take: it reads the whole ledger, some ten seconds for a million transfers.',
  ),
  ACCOUNTS_TOKEN_REQUESTS_PER_MINUTE_MAX: setting.integer(
    6_000,
    1,
    10_000_000,
    'Request rate of an API token that names none: 100 a second.',
  ),
  ACCOUNTS_TOKEN_TOKENS_PER_MINUTE_MAX: setting.integer(
    100_000_000,
    1,
    1_000_000_000_000,
    'Token rate of an API token that names none.',
  ),
  ACCOUNTS_TOKEN_CONCURRENCY_MAX: setting.integer(
    1_000,
    1,
    100_000,
    'Requests that an API token may have running at once where it names none.',
  ),
  ...paymentSettings,
  ACCOUNTS_SHUTDOWN_GRACE_MS: setting.durationMs(
    15_000,
    'How long running calls may take to end before the process does.',
  ),
});

export type AccountsSettings = z.infer<typeof accountsSettings>;
