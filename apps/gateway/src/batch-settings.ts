import { setting } from '@aisbf/platform';

/** How the lines of batches are run in this process, beside the requests of buyers who wait. */
export const batchSettings = {
  GATEWAY_REDIS_URL: setting.urlOrNone(
    /^rediss?$/,
    'Where batches wait for a gateway. Empty: this gateway takes batches and runs none.',
  ),
  GATEWAY_BATCHES_MAX: setting.integer(
    4,
    0,
    1_000,
    'Batches of different owners that this gateway works on at once; 0 is none.',
  ),
  GATEWAY_BATCH_LINES_MAX: setting.integer(
    4,
    1,
    256,
    "Lines of one batch that run at once, and of one owner's, since of each owner one batch is worked on at a time.",
  ),
  GATEWAY_BATCH_LIVE_REQUESTS_MAX: setting.integer(
    200,
    1,
    1_000_000,
    'With more requests in flight than so many, whose buyers wait, this gateway begins no line.',
  ),
  GATEWAY_BATCH_INPUT_LINES_MAX: setting.integer(
    50_000,
    1,
    1_000_000,
    'Requests in one batch, as OpenAI has it.',
  ),
  GATEWAY_BATCH_SLICE_MS: setting.durationMs(
    30_000,
    'How long a batch is worked on before those that wait have their turn.',
  ),
  GATEWAY_BATCH_CLAIM_MS: setting.durationMs(
    30_000,
    'After this time without a word of its gateway a batch is taken up by another.',
  ),
  GATEWAY_BATCH_SWEEP_MS: setting.durationMs(
    2_000,
    'How often batches are looked for that nobody works on.',
  ),
  GATEWAY_BATCH_RETRY_MS: setting.durationMs(
    1_000,
    'First pause of a line that met a limit or nobody who could serve it; doubles.',
  ),
  GATEWAY_BATCH_RETRY_MS_MAX: setting.durationMs(60_000, 'The longest such pause.'),
  GATEWAY_BATCH_TRIES_MAX: setting.integer(
    5,
    1,
    100,
    'How often a line may fail at everybody who could serve it before that is its outcome. Limits and full houses do not count.',
  ),
};
