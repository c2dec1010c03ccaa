import { setting } from '@aisbf/platform';

/** Settings of what is told of requests that run for long. */
export const checkpointSettings = {
  GATEWAY_CHECKPOINT_MS: setting.integer(
    10_000,
    0,
    3_600_000,
    'How long a stream runs before accounts is told what it has delivered, and how often then: all that a crash can cost its seller. 0 is never.',
  ),
  GATEWAY_CHECKPOINT_ITEMS_MAX: setting.integer(
    100,
    1,
    100,
    'Streams in one such call: what accounts writes in a few milliseconds.',
  ),
};
