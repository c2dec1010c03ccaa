import { setting } from '@aisbf/platform';
import { z } from 'zod';

/** How the market looks by itself whether providers are well. */
export const probeSettings = {
  ROUTER_PROBES: z
    .enum(['true', 'false'])
    .default('true')
    .describe('Whether anything is probed at all, whatever owners say.'),
  ROUTER_PROBE_MODELS: z
    .enum(['on', 'off'])
    .default('on')
    .describe(
      'Whether hosted providers and workers are asked for their lists of models, where the owner says nothing: it costs nobody anything, and tells of what is down before a buyer does.',
    ),
  ROUTER_PROBE_COMPLETION: z
    .enum(['on', 'doubtful', 'off'])
    .default('doubtful')
    .describe(
      'Whether models are asked for a token or so, where the owner says nothing. It costs the owner tokens: so only one that has failed, to spare a buyer the trial (doubtful); or all of them, now and then (on).',
    ),
  ROUTER_PROBE_MODELS_INTERVAL_MS: setting.durationMs(
    60_000,
    'How often a list of models is asked for.',
  ),
  ROUTER_PROBE_COMPLETION_INTERVAL_MS: setting.durationMs(
    600_000,
    'How often models are asked for completions where that is on.',
  ),
  ROUTER_PROBE_JITTER_PERCENT: setting.integer(
    10,
    0,
    50,
    "How much longer or shorter one provider's intervals are, so that they do not come all at once.",
  ),
  ROUTER_PROBE_ROUND_MAX: setting.integer(
    8,
    1,
    1_000,
    "How many of a provider's workers or models one round asks; the next one asks others.",
  ),
  ROUTER_PROBE_MODELS_MS_MAX: setting.durationMs(
    10_000,
    'How long the list of a hosted provider may take; it is small, and made of what is there.',
  ),
  ROUTER_PROBE_COMPLETION_MS_MAX: setting.durationMs(
    60_000,
    "How long a hosted provider's answer may take: as long as a buyer's first byte, for it may be loading a model.",
  ),
  ROUTER_PROBE_WARM_UP_MS_MAX: setting.durationMs(
    600_000,
    'How long a worker is waited for that says it is at work: it loads a model. Longer than BROKER_WORKER_SILENCE_MS, by which one that says nothing is known.',
  ),
  ROUTER_PROBE_OUTPUT_TOKENS: setting.integer(
    1,
    1,
    4,
    'What a completion asks for: one token shows that there are any, and costs least.',
  ),
  ROUTER_PROBE_BODY_BYTES_MAX: setting.sizeBytes(
    4_194_304,
    'Largest list of models that is read: that of 20,000 models.',
  ),
  ROUTER_PROBE_REST_MS_MAX: setting.durationMs(
    900_000,
    'Longest rest between probes of what keeps failing: each doubles it.',
  ),
  ROUTER_PROBE_PROVIDER_DAY_MAX: setting.integer(
    15_000,
    0,
    10_000_000,
    'Probes of one provider a day: a round of eight workers each minute is 11,520, and some after failures.',
  ),
  ROUTER_PROBE_OWNER_DAY_MAX: setting.integer(
    100_000,
    0,
    100_000_000,
    "Probes of all of one owner's providers a day.",
  ),
  ROUTER_PROBE_OWNER_TOKENS_DAY_MAX: setting.integer(
    100_000,
    0,
    1_000_000_000,
    "Tokens that probes may cost one owner a day, prompts included: about 4,000 completions, some cents' worth.",
  ),
  ROUTER_PROBE_CONCURRENCY: setting.integer(
    32,
    1,
    1_000,
    'Probes that one replica makes at once; each is a socket that mostly waits.',
  ),
  ROUTER_PROBE_STALL_MS: setting.durationMs(
    30_000,
    'After this long a probe of a replica that has died is made by another one.',
  ),
  ROUTER_PROBE_SYNC_MS: setting.durationMs(
    5_000,
    'How often the rounds are compared with the catalogue: so soon a provider that is made is probed.',
  ),
  ROUTER_PROBE_ENTRIES_MAX: setting.integer(
    50_000,
    1,
    10_000_000,
    'Latest probes that are remembered, at about 0.5 KB each.',
  ),
};

type ProbeSettings = z.infer<z.ZodObject<typeof probeSettings>>;

/** Settings of probes that are each fine but do not go together. */
export function probeMistakes(settings: ProbeSettings): readonly (string | false)[] {
  return [
    settings.ROUTER_PROBE_PROVIDER_DAY_MAX > settings.ROUTER_PROBE_OWNER_DAY_MAX &&
      'ROUTER_PROBE_PROVIDER_DAY_MAX: must not be more than ROUTER_PROBE_OWNER_DAY_MAX',
    settings.ROUTER_PROBE_REST_MS_MAX < settings.ROUTER_PROBE_MODELS_INTERVAL_MS &&
      'ROUTER_PROBE_REST_MS_MAX: must not be shorter than ROUTER_PROBE_MODELS_INTERVAL_MS',
  ];
}
