import { egressSettings } from '@aisbf/egress';
import { setting } from '@aisbf/platform';
import { z } from 'zod';
import { adviceSettings } from './advice-settings.js';
import { batchSettings } from './batch-settings.js';
import { checkpointSettings } from './checkpoint-settings.js';
import { fileSettings } from './file-settings.js';
import { realtimeSettings } from './realtime-settings.js';

export const gatewaySettings = z.object({
  AISBF_INTERNAL_SECRET: setting.secret(
    'Shared by the services of one installation; proves a caller is one of them.',
  ),
  AISBF_NATS_URL: setting.url(
    /^(nats|tls)$/,
    'Where health facts go, and settlements that find no accounts.',
  ),
  AISBF_TRUSTED_PROXIES: setting.trustedProxies(),
  ...egressSettings,
  GATEWAY_HTTP_HOST: setting.host('Address to listen on.'),
  GATEWAY_HTTP_PORT: setting.port(7004, "Port of the buyers' API; 0 picks a free one."),
  GATEWAY_LOG_LEVEL: setting.logLevel(),
  GATEWAY_ROUTER_URL: setting.url(/^https?$/, 'Where plans come from.'),
  GATEWAY_ACCOUNTS_URL: setting.url(/^https?$/, 'Where settlements go and receipts come from.'),
  GATEWAY_BODY_BYTES_MAX: setting.sizeBytes(
    33_554_432,
    'Largest request body: 32 MiB holds a dozen inline images.',
  ),
  GATEWAY_UPLOAD_BYTES_MAX: setting.sizeBytes(
    106_954_752,
    'All files of one form: 100 MiB, and 2 MiB for what stands around them.',
  ),
  GATEWAY_UPLOADS_MAX: setting.integer(
    64,
    1,
    10_000,
    'Forms that are received or served at once; times the largest of them, that is how much disk they may take.',
  ),
  GATEWAY_UPLOAD_FOLDER: setting.text(
    '',
    'Where files of forms and sounds lie that are not held in memory, without a name; by default where the system keeps such files.',
  ),
  GATEWAY_SPOOL_HELD_BYTES_MAX: setting.integer(
    8_388_608,
    0,
    1_073_741_824,
    'Largest file of a form, or sound of an answer, that is held in memory while it is served: minutes of speech, or a large picture. Larger ones lie on the disk.',
  ),
  GATEWAY_SPOOLS_HELD_BYTES_MAX: setting.integer(
    67_108_864,
    0,
    17_179_869_184,
    'All that are held in memory at once; whatever comes beyond lies on the disk.',
  ),
  GATEWAY_ANSWER_BYTES_MAX: setting.sizeBytes(
    67_108_864,
    'Largest answer that is read whole before it is passed on.',
  ),
  GATEWAY_IDEMPOTENT_ANSWER_BYTES_MAX: setting.integer(
    262_144,
    0,
    4_194_304,
    'Largest answer that is kept for a repeat under an idempotency key; of a larger one there is the receipt.',
  ),
  GATEWAY_STORED_RESPONSE_BYTES_MAX: setting.integer(
    1_048_576,
    0,
    4_194_304,
    'Largest conversation whose response is kept for requests that build on it: a few hundred pages of text.',
  ),
  GATEWAY_PUBLIC_URL: setting.urlOrNone(
    /^https?$/,
    'Where buyers reach the market, for addresses in answers. By default wherever they have called it.',
  ),
  GATEWAY_MEDIA_TTL_MS: setting.durationMs(
    3_600_000,
    'How long a file that an answer names can be fetched: an hour, as with the hosted APIs. Whoever has the address has the file.',
  ),
  GATEWAY_FILES_MAX: setting.integer(
    256,
    1,
    100_000,
    'Files of workers under way to buyers at once: films, and what answers name.',
  ),
  GATEWAY_FILE_BYTES_MAX: setting.sizeBytes(
    1_073_741_824,
    'Largest file that is passed on: a GiB is an hour of film. It goes by, and is never held whole.',
  ),
  GATEWAY_VIDEO_WATCH_MS: setting.durationMs(
    5_000,
    'How often this process looks for films whose buyers do not ask for them.',
  ),
  GATEWAY_VIDEO_AGAIN_MS: setting.durationMs(
    15_000,
    'How long a film is left alone after it was looked at; longer than one look may take.',
  ),
  GATEWAY_VIDEO_LOOKS_MAX: setting.integer(
    20,
    1,
    100,
    'Films that this process looks at side by side.',
  ),
  GATEWAY_VIDEO_LOOK_MS_MAX: setting.durationMs(
    10_000,
    'How long whoever makes a film may take to say how far it is.',
  ),
  GATEWAY_EVENT_BYTES_MAX: setting.sizeBytes(
    8_388_608,
    'Largest single event of a stream; one without end would fill the memory.',
  ),
  GATEWAY_START_UP_BYTES_MAX: setting.sizeBytes(
    65_536,
    'How much of a stream is held back before its first word, so that a failure until then can be mended.',
  ),
  GATEWAY_START_UP_MS_MAX: setting.durationMs(
    5_000,
    'How long it is held back: whoever waits for a model that loads is to hear of it.',
  ),
  GATEWAY_SIGNAL_CHARACTERS_MAX: setting.integer(
    262_144,
    0,
    33_554_432,
    'How much of a prompt an autoselect looks at: 64,000 tokens, in about 3 ms. A longer one counts as private.',
  ),
  GATEWAY_OLLAMA_VERSION: setting.text(
    '0.12.0',
    'What `/api/version` says: the Ollama whose list of models ours is like. Programs leave alone what they take for too old.',
  ),
  GATEWAY_REQUESTS_MAX: setting.integer(
    10_000,
    1,
    1_000_000,
    'Requests in flight in one process; more are refused with 503 before they cost anything.',
  ),
  GATEWAY_UPSTREAM_CONNECTIONS_MAX: setting.integer(
    1_024,
    1,
    65_535,
    'Connections to one upstream or broker instance.',
  ),
  GATEWAY_CONNECT_TIMEOUT_MS: setting.durationMs(
    5_000,
    'How long connecting to an upstream may take.',
  ),
  GATEWAY_RETRY_PERCENT: setting.integer(
    10,
    0,
    100,
    'Retries that do not help, in a hundred requests of a route: so many more attempts meet an outage of everybody.',
  ),
  GATEWAY_RETRY_RESERVE: setting.integer(
    10,
    1,
    10_000,
    'Retries of one route that may be under way at once, or fail beyond the share; those that help are given back.',
  ),
  GATEWAY_RETRY_REFILL_MS: setting.durationMs(
    600_000,
    'In this time the reserve of a route fills up by itself, so that a quiet one can try again.',
  ),
  GATEWAY_RETRY_WAIT_MS_MAX: setting.durationMs(
    2_000,
    'How long a retry beyond the reserve waits for one that is under way to show whether retries help.',
  ),
  GATEWAY_RETRY_ROUTES_MAX: setting.integer(
    10_000,
    1,
    1_000_000,
    'Routes whose retries are counted, at about 0.3 KB each; that of the longest ago begins anew.',
  ),
  GATEWAY_HEDGE_PROMPT_TOKENS_MAX: setting.integer(
    8_192,
    0,
    10_000_000,
    'Longest prompt that is sent to a second candidate beside a slow one: a dozen pages. Who reads it in vain is not paid.',
  ),
  GATEWAY_HEDGE_OUTPUT_TOKENS_MAX: setting.integer(
    1_024,
    0,
    10_000_000,
    'The most that such a request may ask for, all choices together: seconds of work. One without `max_tokens` is not hedged.',
  ),
  GATEWAY_INTERNAL_TIMEOUT_MS: setting.durationMs(
    10_000,
    'How long router and accounts may take to answer.',
  ),
  GATEWAY_HOLD_STEP_TOKENS: setting.integer(
    2_048,
    16,
    1_000_000,
    'How many output tokens more a stream gets paid for at a time: a call to accounts every half minute or so.',
  ),
  GATEWAY_HOLD_MARGIN_TOKENS: setting.integer(
    256,
    0,
    100_000,
    'With so many left a stream asks for more: a second of a fast model, so that it need not wait for the answer.',
  ),
  GATEWAY_HOLD_RETRY_MS: setting.durationMs(
    100,
    'First pause before a stream asks again that got no answer; doubles, and after five times the stream ends.',
  ),
  GATEWAY_SETTLE_RETRY_MS: setting.durationMs(
    500,
    'First pause before a report that was delivered nowhere is tried again; doubles up to a minute.',
  ),
  GATEWAY_WITHDRAW_MS_MAX: setting.durationMs(
    660_000,
    'How long accounts is told of a lost admission; as long as holds live, since they end by themselves then.',
  ),
  GATEWAY_WITHDRAWALS_MAX: setting.integer(
    10_000,
    1,
    1_000_000,
    'Lost admissions that may wait for accounts, at about 1 KB each; holds of more end when they expire.',
  ),
  GATEWAY_SETTLE_CALLS_MAX: setting.integer(
    2,
    1,
    64,
    'Calls with settlements under way at once; what comes meanwhile shares the next. Two: a slow one blocks nobody.',
  ),
  GATEWAY_SETTLE_ITEMS_MAX: setting.integer(
    100,
    1,
    100,
    'Settlements in one call: as many as accounts commits in one go.',
  ),
  GATEWAY_SETTLE_BYTES_MAX: setting.sizeBytes(
    4_194_304,
    'Settlements in one call, in bytes: half of what accounts takes (ACCOUNTS_BODY_BYTES_MAX).',
  ),
  GATEWAY_SETTLE_APART_MS: setting.durationMs(
    10,
    'Between two calls with settlements, unless the next is full: many in one cost accounts and Postgres a fraction.',
  ),
  GATEWAY_HEALTH_FACTS_APART_MS: setting.durationMs(
    20,
    'Between two messages of attempts that went well; failures are told at once.',
  ),
  ...checkpointSettings,
  ...adviceSettings,
  ...fileSettings,
  ...batchSettings,
  ...realtimeSettings,
  GATEWAY_SHUTDOWN_GRACE_MS: setting.durationMs(
    30_000,
    'How long running requests may take to end before the process does.',
  ),
});

export type GatewaySettings = z.infer<typeof gatewaySettings>;
