import { accessSettings } from '@aisbf/access';
import { setting } from '@aisbf/platform';
import { z } from 'zod';
import { fileSettings } from './file-settings.js';
import { paymentSettings } from './payment-settings.js';
import { reconciliationSettings } from './reconciliation-settings.js';

export const accountsSettings = z.object({
  AISBF_INTERNAL_SECRET: setting.secret(
    'Shared by the services of one installation; proves a caller is one of them.',
  ),
  AISBF_NATS_URL: setting.url(/^(nats|tls)$/, 'Where facts are published.'),
  AISBF_TRUSTED_PROXIES: setting.trustedProxies(),
  ...accessSettings,
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
  ACCOUNTS_VIDEO_JOB_TTL_MS: setting.durationMs(
    7_200_000,
    'How long money is held for a film that is being made: one that takes longer is not paid for, and not given out.',
  ),
  ACCOUNTS_BATCH_LANES_MAX: setting.integer(
    2,
    1,
    100,
    'Statements of a kind that move money at once. Calls that come meanwhile share the next one; a further statement begins beside it only when it is full, since they wait for each other.',
  ),
  ACCOUNTS_BATCH_ITEMS_MAX: setting.integer(
    200,
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
    'How often the metrics take over what the last reconciliations found, in whichever replica they ran.',
  ),
  ACCOUNTS_IDEMPOTENCY_TTL_MS: setting.durationMs(
    86_400_000,
    "How long a buyer's idempotency key stands for its request: a day, as clients expect.",
  ),
  ACCOUNTS_IDEMPOTENCY_PURGE_INTERVAL_MS: setting.durationMs(
    60_000,
    'How often keys whose time is over are forgotten, and the answers kept for them.',
  ),
  ACCOUNTS_RESPONSE_TTL_MS: setting.durationMs(
    2_592_000_000,
    'How long a response is kept for requests that build on it: 30 days, as clients expect.',
  ),
  ACCOUNTS_RESPONSES_PER_OWNER_MAX: setting.integer(
    10_000,
    1,
    10_000_000,
    'Responses kept for one owner; beyond it the oldest are forgotten. Own capacity is free, so something must bound it.',
  ),
  ACCOUNTS_RESPONSE_PURGE_INTERVAL_MS: setting.durationMs(
    60_000,
    'How often responses whose time is over are forgotten.',
  ),
  ACCOUNTS_SELECTION_KEPT_MS: setting.integer(
    7_776_000_000,
    1,
    315_360_000_000,
    'How long receipts tell what autoselects have decided: 90 days. A few KB each; the receipt itself stays.',
  ),
  ACCOUNTS_SELECTION_FORGET_INTERVAL_MS: setting.durationMs(
    60_000,
    'How often such decisions that are older are forgotten.',
  ),
  ACCOUNTS_VIOLATIONS_MS_MAX: setting.durationMs(
    600_000,
    'How long one look at the ledger may take: once a day it reads all of it, some ten seconds for a million transfers.',
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
  ACCOUNTS_REDIS_URL: setting.urlOrNone(
    /^rediss?$/,
    'Where payouts, reconciliations and the removal of old files wait for a replica. Empty: payouts are run by operators only, the others by a timer of each replica.',
  ),
  ACCOUNTS_REPORT_CONNECTIONS_MAX: setting.integer(
    4,
    1,
    100,
    'Connections of one replica for statements, sums and downloads, beside those that move money.',
  ),
  ACCOUNTS_REPORT_MS_MAX: setting.durationMs(
    60_000,
    'How long a report may be made and a download take: its connection is needed by others.',
  ),
  ACCOUNTS_PAYOUT_MATURITY_DAYS: setting.integer(
    7,
    0,
    365,
    'Whole days that earnings wait before they are paid out: time for what was sold to be disputed.',
  ),
  ACCOUNTS_PAYOUT_FIRST_MATURITY_DAYS: setting.integer(
    30,
    0,
    365,
    'The same until the first payout has gone through: time to find out who somebody is.',
  ),
  ACCOUNTS_PAYOUT_NANOS_MIN: setting.integer(
    10_000_000_000,
    10_000_000,
    999_999_999_999_999,
    'Least amount of a payout: 10 USD, so that fees of banks stay small beside it.',
  ),
  ACCOUNTS_PAYOUT_RESERVE_BPS: setting.integer(
    500,
    0,
    10_000,
    'Share of mature earnings that is kept back for what may be taken back of them: 5 percent.',
  ),
  ACCOUNTS_PAYOUT_RUN_INTERVAL_MS: setting.durationMs(
    86_400_000,
    'How often payouts are made: daily, at midnight UTC.',
  ),
  ACCOUNTS_PAYOUT_SWEEP_INTERVAL_MS: setting.durationMs(
    30_000,
    'How often payouts without an outcome are looked for.',
  ),
  ACCOUNTS_PAYOUT_CONCURRENCY: setting.integer(
    4,
    1,
    100,
    'Payouts that one replica looks after at once; payment providers limit how often they are asked.',
  ),
  ACCOUNTS_PAYOUT_ANSWER_MS_MAX: setting.durationMs(
    30_000,
    'How long the payment provider may take to answer before it is asked what became of it.',
  ),
  ACCOUNTS_PAYOUT_RESEND_MS_MAX: setting.durationMs(
    82_800_000,
    'How long a lost payout is sent again under its id: 23 of the 24 hours that Stripe remembers it.',
  ),
  ACCOUNTS_PAYOUT_WATCH_DAYS: setting.integer(
    45,
    0,
    365,
    'How long a payout that is paid is watched for coming back.',
  ),
  ACCOUNTS_PAYOUT_RETURN_URL: setting.urlOrNone(
    /^https?$/,
    "Where sellers come back to from the payment provider's pages. Needed for Stripe.",
  ),
  ACCOUNTS_PUBLIC_URL: setting
    .url(
      /^https?$/,
      "The market's one public origin: in mails' links, and the origin from which people sign in. With https, cookies are sent over nothing else.",
    )
    .default('http://127.0.0.1:8080'),
  ACCOUNTS_TRUSTED_ORIGINS: setting.text(
    '',
    'Further origins of pages that may sign people in and be led back to, with commas between.',
  ),
  ACCOUNTS_SIGN_UP: z
    .enum(['open', 'closed'])
    .default('closed')
    .describe('Whether people make themselves users. Closed, operators make them and invite them.'),
  ACCOUNTS_SMTP_URL: setting.text(
    '',
    'The mail server, as smtp://user:password@host:587. Empty: see ACCOUNTS_MAIL_FOLDER.',
  ),
  ACCOUNTS_MAIL_FROM: setting.text('AISBF <aisbf@localhost>', 'Whose mails they are.'),
  ACCOUNTS_MAIL_FOLDER: setting.text(
    '',
    'Without a mail server: where mails are written as files that only their owner may read. Empty: what needs a mail is refused.',
  ),
  ACCOUNTS_MAIL_LINK_TTL_MS: setting.durationMs(
    3_600_000,
    'How long the link of a mail is good: an hour, since a mail may be slow.',
  ),
  ACCOUNTS_SESSION_TTL_MS: setting.integer(
    604_800_000,
    60_000,
    7_776_000_000,
    'How long a session lasts that is not used: a week. One in use is extended daily.',
  ),
  ACCOUNTS_ACCESS_TOKEN_TTL_MS: setting.integer(
    300_000,
    1_000,
    300_000,
    'How long an access token is good. Its session may end earlier, and it with that.',
  ),
  ACCOUNTS_SIGN_IN_ATTEMPTS_MAX: setting.integer(
    10,
    1,
    10_000,
    'Passwords that may be tried at one account in a window, from however many addresses; as many mails may be asked for.',
  ),
  ACCOUNTS_SIGN_IN_WINDOW_MS: setting.durationMs(
    300_000,
    'That window. Somebody else can shut a user out for as long, but not end a session.',
  ),
  ACCOUNTS_SIGN_IN_ADDRESS_ATTEMPTS_MAX: setting.integer(
    30,
    1,
    100_000,
    'Calls to one of the doors of signing in that one address may make in a minute: an office shares one.',
  ),
  ACCOUNTS_PASSKEYS_MAX: setting.integer(
    20,
    1,
    1_000,
    'Passkeys of one user: a few devices and a few keys in drawers. All of them are told to the browser that registers one.',
  ),
  ACCOUNTS_ACKNOWLEDGE_MS_MAX: setting.durationMs(
    2_000,
    'How long a revocation waits for the services to say that they serve it. Twice the lease: one that has died is waited out.',
  ),
  ACCOUNTS_ACCESS_CHANGES_KEPT_MS: setting.durationMs(
    3_600_000,
    'How long changes of access are kept; a service that was away for longer forgets all callers.',
  ),
  ACCOUNTS_TOKEN_USE_INTERVAL_MS: setting.durationMs(
    10_000,
    'How often it is written down when tokens were last used.',
  ),
  ...paymentSettings,
  ...reconciliationSettings,
  ...fileSettings,
  ACCOUNTS_SHUTDOWN_GRACE_MS: setting.durationMs(
    15_000,
    'How long running calls may take to end before the process does.',
  ),
});

export type AccountsSettings = z.infer<typeof accountsSettings>;
