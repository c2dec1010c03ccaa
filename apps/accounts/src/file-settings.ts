import { setting } from '@aisbf/platform';

/** How much buyers may keep here, and for how long. */
export const fileSettings = {
  ACCOUNTS_FILE_BYTES_MAX: setting.sizeBytes(
    104_857_600,
    'Largest file of a buyer: 100 MiB. What a batch has to tell may be larger.',
  ),
  ACCOUNTS_FILES_MAX: setting.integer(
    1_000,
    1,
    10_000,
    'Files of one owner; more are refused. All of them fit into one page of the list.',
  ),
  ACCOUNTS_FILES_BYTES_MAX: setting.integer(
    2_147_483_648,
    1,
    999_999_999_999_999,
    'All files of one owner: 2 GiB. They lie in Postgres, and in each of its backups.',
  ),
  ACCOUNTS_FILE_TTL_S: setting.integer(
    2_592_000,
    3_600,
    2_592_000,
    'How long a file is kept whose buyer does not say: thirty days, the most that a buyer can ask for.',
  ),
  ACCOUNTS_FILE_UPLOAD_MS_MAX: setting.durationMs(
    3_600_000,
    'After this time an upload without an end counts as broken off, and what has come of it is removed.',
  ),
  ACCOUNTS_BATCHES_MAX: setting.integer(
    100,
    1,
    100_000,
    'Batches of one owner that are not over; more are refused until one is.',
  ),
  ACCOUNTS_BATCH_WINDOW_MS: setting.durationMs(
    86_400_000,
    'How long the lines of a batch may take: what buyers call 24h. What has not run by then does not run.',
  ),
  ACCOUNTS_BATCH_SETTLE_MS_MAX: setting.durationMs(
    60_000,
    'How long an answer of a batch may wait to be paid for before its line runs anew: settlements take seconds at the most.',
  ),
  ACCOUNTS_BINARY_BYTES_MAX: setting.sizeBytes(
    67_112_960,
    'Largest body that is bytes: a chunk of a file, or an answer within a batch, 64 MiB, the largest that a gateway reads.',
  ),
  ACCOUNTS_FILE_PURGE_INTERVAL_MS: setting.durationMs(
    60_000,
    'How often files whose time is over are removed. Nobody sees them from their last second on.',
  ),
};
