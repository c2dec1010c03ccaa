import { OwnerEventKind } from '@aisbf/contracts';
import { setting } from '@aisbf/platform';
import { z } from 'zod';

/** What owners see of their workers, and how it is made sure that only those stay who may. */
export const ownerSettings = {
  BROKER_PEER_SILENCE_MS: setting.durationMs(
    4_000,
    'An instance that has not beaten for longer is not asked about workers any more; as routers see it.',
  ),
  BROKER_VIEW_WAIT_MS: setting.durationMs(
    1_000,
    "How long the other instances may take to say what they know of an owner's workers.",
  ),
  BROKER_VIEWS_MAX: setting.integer(
    64,
    1,
    100_000,
    'Questions of owners that are answered at once; each is passed on to every other instance.',
  ),
  BROKER_OWNER_EVENTS_MAX: setting.integer(
    100,
    1,
    10_000,
    'Events kept in the history of a provider, of each kind: what its owner looks back at.',
  ),
  BROKER_OWNER_EVENTS_AGE_HOURS_MAX: setting.integer(
    720,
    1,
    87_600,
    'How long they are kept: 30 days.',
  ),
  BROKER_OWNER_EVENTS_BYTES_MAX: setting.sizeBytes(
    268_435_456,
    'How much disk all histories together take on a NATS server: about 500,000 events. Beyond, the oldest go.',
  ),
  BROKER_OWNER_EVENTS_WAITING_MAX: setting.integer(
    10_000,
    1,
    1_000_000,
    'Events that wait in memory while they cannot be stored; about 0.5 KB each. Beyond, the oldest are lost.',
  ),
  BROKER_OWNER_EVENTS_UNDER_WAY_MAX: setting.integer(
    64,
    1,
    10_000,
    'Events on their way to be stored at once, so that a storm of reconnections is written bit by bit.',
  ),
  BROKER_OWNER_EVENTS_WAIT_MS: setting.integer(
    5_000,
    1_000,
    60_000,
    'How long NATS may take to store an event, or to give a history.',
  ),
  BROKER_OWNER_EVENTS_RETRY_MS: setting.durationMs(
    1_000,
    'How long it is left alone after it could not store one.',
  ),
  BROKER_REFUSAL_ROUND_MS: setting.durationMs(
    60_000,
    'How long the same refusals are counted before they are told of again; each time twice as long.',
  ),
  BROKER_REFUSAL_ROUND_MS_MAX: setting.durationMs(
    3_600_000,
    'The longest of these times: a stranger that knocks all day adds an event an hour.',
  ),
  BROKER_REGISTRATION_CHECK_INTERVAL_MS: setting.durationMs(
    60_000,
    'How often the router is asked whether all connected workers may still be: for ends that nobody heard.',
  ),
  BROKER_REGISTRATION_CHECK_RETRY_MS: setting.durationMs(
    1_000,
    'How soon it is asked again where it has not answered.',
  ),
};

const hourMs = 3_600_000;
/** An operator may ask by a name that many owners have given to a provider: of so many, all is read. */
const providersOfName = 10;

const schema = z.object(ownerSettings);

/** The same as the services want them. */
export function ownerLimits(settings: z.infer<typeof schema>) {
  return {
    view: {
      peerSilenceMs: settings.BROKER_PEER_SILENCE_MS,
      waitMs: settings.BROKER_VIEW_WAIT_MS,
      runningMax: settings.BROKER_VIEWS_MAX,
      eventsMaxOfKind: settings.BROKER_OWNER_EVENTS_MAX,
    },
    history: {
      messagesPerSubjectMax: settings.BROKER_OWNER_EVENTS_MAX,
      readMax: providersOfName * OwnerEventKind.options.length * settings.BROKER_OWNER_EVENTS_MAX,
      ageMsMax: settings.BROKER_OWNER_EVENTS_AGE_HOURS_MAX * hourMs,
      bytesMax: settings.BROKER_OWNER_EVENTS_BYTES_MAX,
      waitingMax: settings.BROKER_OWNER_EVENTS_WAITING_MAX,
      underWayMax: settings.BROKER_OWNER_EVENTS_UNDER_WAY_MAX,
      waitMs: settings.BROKER_OWNER_EVENTS_WAIT_MS,
      retryMs: settings.BROKER_OWNER_EVENTS_RETRY_MS,
      roundMs: settings.BROKER_REFUSAL_ROUND_MS,
      roundMsMax: settings.BROKER_REFUSAL_ROUND_MS_MAX,
    },
    registrationCheck: {
      intervalMs: settings.BROKER_REGISTRATION_CHECK_INTERVAL_MS,
      retryMs: settings.BROKER_REGISTRATION_CHECK_RETRY_MS,
    },
  };
}
