import { setting } from '@aisbf/platform';

/** Settings of the Realtime API. */
export const realtimeSettings = {
  GATEWAY_REALTIME_SESSIONS_MAX: setting.integer(
    1_000,
    1,
    100_000,
    'Sessions in one process, two connections each; more are refused with 503 before they cost anything.',
  ),
  GATEWAY_REALTIME_FRAME_BYTES_MAX: setting.sizeBytes(
    16_777_216,
    'Largest single frame, either way: the API takes 15 MiB of sound in one event.',
  ),
  GATEWAY_REALTIME_BUFFER_BYTES_MAX: setting.sizeBytes(
    1_048_576,
    'What may wait in each direction of a session before its sender is not read any more; half a minute of sound.',
  ),
  GATEWAY_REALTIME_PING_MS: setting.durationMs(
    20_000,
    'How often both sides of a session are asked whether they are there: shorter than proxies let a connection be silent.',
  ),
  GATEWAY_REALTIME_SILENCE_MS: setting.durationMs(
    60_000,
    'A side that answers no ping for so long is gone, also one that does not read.',
  ),
  GATEWAY_REALTIME_IDLE_MS: setting.durationMs(
    600_000,
    "How long nobody may say anything in a session: it takes one of its token's places, and money is held for it.",
  ),
  GATEWAY_REALTIME_ANSWER_TOKENS: setting.integer(
    4_096,
    16,
    1_000_000,
    'How many tokens of text there must be money for before an answer is asked for: what the API lets one have.',
  ),
  GATEWAY_REALTIME_SOUND_SECONDS: setting.integer(
    30,
    1,
    3_600,
    'How many seconds of sound are held for at a time, heard or spoken: a call to accounts every half minute.',
  ),
  GATEWAY_REALTIME_FOLLOW_UPS_MAX: setting.integer(
    8,
    0,
    1_000,
    'Answers that a model whose server calls tools by itself (MCP) may begin unasked, until the buyer says something: each is paid for.',
  ),
  GATEWAY_REALTIME_CHECK_MS: setting.durationMs(
    5_000,
    'How often the API tokens of sessions are looked at where the bus does not tell of a change.',
  ),
  GATEWAY_REALTIME_LEAVE_MS: setting.durationMs(
    10_000,
    'How long answers of sessions may take to end before the process does; shorter than GATEWAY_SHUTDOWN_GRACE_MS.',
  ),
};
