import { accessSettings } from '@aisbf/access';
import { setting } from '@aisbf/platform';
import { z } from 'zod';
import { readHeaderList } from './domain/passed-headers.js';
import { ownerLimits, ownerSettings } from './owner-config.js';

export const brokerSettings = z.object({
  AISBF_INTERNAL_SECRET: setting.secret(
    'Shared by the services of one installation; proves a caller is one of them.',
  ),
  AISBF_NATS_URL: setting.url(/^(nats|tls)$/, 'Where presence is published.'),
  AISBF_TRUSTED_PROXIES: setting.trustedProxies(),
  ...accessSettings,
  BROKER_PRINCIPAL_TTL_MS: setting.durationMs(
    30_000,
    'How long a caller is remembered, while accounts gives leave to; changes are heard at once.',
  ),
  BROKER_PRINCIPAL_ENTRIES_MAX: setting.integer(
    10_000,
    1,
    10_000_000,
    'How many callers are remembered; only those who look after workers call here.',
  ),
  BROKER_HTTP_HOST: setting.host('Address to listen on.'),
  BROKER_HTTP_PORT: setting.port(
    7003,
    'Port for workers and for the other services; 0 picks a free one.',
  ),
  BROKER_LOG_LEVEL: setting.logLevel(),
  BROKER_ID: setting.text(
    '',
    'Name of this instance, different from all others. Empty: the host name and a random end.',
  ),
  BROKER_ADVERTISED_URL: setting.text(
    '',
    'Where gateways reach this very instance. Empty: the address it listens on.',
  ),
  BROKER_ROUTER_URL: setting.url(/^https?$/, 'The router, which says who may connect.'),
  BROKER_ACCOUNTS_URL: setting.url(/^https?$/, 'Accounts, which knows whose API token is whose.'),
  BROKER_BASE_PATH: setting.text(
    '',
    'Prefix that a proxy in front adds to every path; with and without it is served.',
  ),
  BROKER_PEER_TIMEOUT_MS: setting.durationMs(
    10_000,
    'How long the router or accounts may take; a worker that connects waits for it.',
  ),
  BROKER_SESSIONS_MAX: setting.integer(
    15_000,
    1,
    1_000_000,
    'Worker connections of this instance. Each is an open file, of which there are often 20,000.',
  ),
  BROKER_ADMISSIONS_MAX: setting.integer(
    2_000,
    1,
    100_000,
    'Workers that wait to be admitted at once; more are told to come back, so that a storm ends.',
  ),
  BROKER_ADMISSION_FAILURES_PER_MINUTE_MAX: setting.integer(
    10,
    1,
    10_000,
    'Refusals of one and the same identity before it is refused without asking the router.',
  ),
  BROKER_TAKEOVERS_PER_MINUTE_MAX: setting.integer(
    5,
    1,
    1_000,
    'Connections that may replace each other in a minute before two machines are taken to be fighting.',
  ),
  BROKER_TAKEOVER_DAMPED_MS: setting.durationMs(
    10_000,
    'How often the newest of fighting machines is still let in: the market must not flap.',
  ),
  BROKER_HANDSHAKE_WAIT_MS: setting.durationMs(
    20_000,
    'How long a connection may take to say what it wants; a slow line needs a second.',
  ),
  BROKER_REGISTER_WAIT_MS: setting.durationMs(
    30_000,
    'How long a connection may live without an accepted register.',
  ),
  BROKER_REGISTRATION_TTL_MS: setting.durationMs(
    86_400_000,
    'What `expires_at` tells workers; every register renews it.',
  ),
  BROKER_VISIT_INTERVAL_MS: setting.durationMs(
    1_000,
    'How often each session is looked at; they are spread evenly over this time.',
  ),
  BROKER_PING_INTERVAL_MS: setting.durationMs(
    5_000,
    'How often each worker is pinged: a third of the silence that makes it suspect.',
  ),
  BROKER_HEARTBEAT_INTERVAL_MS: setting.durationMs(
    20_000,
    'How often each worker gets a heartbeat; clients give up after 30 s without a frame.',
  ),
  BROKER_SUSPECT_AFTER_MS: setting.durationMs(
    15_000,
    'Silence after which a worker gets nothing new: three pings unanswered.',
  ),
  BROKER_CLOSE_AFTER_MS: setting.durationMs(
    75_000,
    'Silence after which it is gone. Clients that load a model can be deaf for most of that.',
  ),
  BROKER_UNREADABLE_FRAMES_PER_MINUTE_MAX: setting.integer(
    10,
    1,
    10_000,
    'Frames that cannot be read before the connection is closed.',
  ),
  BROKER_CONTROL_FRAMES_PER_MINUTE_MAX: setting.integer(
    240,
    10,
    100_000,
    'Registers and heartbeats of one worker; clients send two or three.',
  ),
  BROKER_FRAME_BYTES_IN_MAX: setting.sizeBytes(
    67_108_864,
    'Largest frame from a worker: a short video in base64.',
  ),
  BROKER_FRAME_MS_MAX: setting.durationMs(
    600_000,
    'How long one frame from a worker may take to arrive: the largest over a line of 1 Mbit/s.',
  ),
  BROKER_FRAME_BYTES_UNASKED_MAX: setting.sizeBytes(
    1_048_576,
    'Largest frame from a worker that has nothing to answer: reading one takes time from all.',
  ),
  BROKER_FRAME_BYTES_OUT_DEFAULT: setting.sizeBytes(
    1_048_576,
    'Largest frame to a worker that names no limit: the default of its WebSocket library.',
  ),
  BROKER_FRAME_BYTES_OUT_MAX: setting.sizeBytes(
    67_108_864,
    'Largest frame to a worker, whatever it says it takes.',
  ),
  BROKER_HEADERS_PASSED: z
    .string()
    .default('')
    .transform((text, context) => {
      const names = readHeaderList(text);
      if (typeof names !== 'string') return names;
      context.addIssue(names);
      return z.NEVER;
    })
    .describe(
      "Buyers' headers, by commas, that workers get beside accept, content-type, traceparent and x-request-id.",
    ),
  BROKER_BODY_BYTES_MAX: setting.sizeBytes(
    34_603_008,
    'Largest request body from a gateway: the 32 MiB it takes from buyers, and room.',
  ),
  BROKER_PENDING_WAIT_MS: setting.durationMs(
    3_000,
    'How long a worker that is known to acknowledge requests may take to do so.',
  ),
  BROKER_WORKER_SILENCE_MS: setting.durationMs(
    60_000,
    'How long a request may stay without a word from its worker: two missed acknowledgements.',
  ),
  BROKER_UNWANTED_CALL_MS_MAX: setting.durationMs(
    600_000,
    'How long a worker may go on about a request that nobody waits for before its place is free.',
  ),
  BROKER_SESSION_IN_FLIGHT_DEFAULT: setting.integer(
    6,
    1,
    10_000,
    'Requests at once to a worker that names no number: what the deployed client queues by itself.',
  ),
  BROKER_SESSION_QUEUE_MAX: setting.integer(
    16,
    0,
    100_000,
    'Requests that wait for room at one worker; more are better served elsewhere.',
  ),
  BROKER_QUEUE_WAIT_MS: setting.durationMs(
    10_000,
    'How long a request waits for room before another worker is tried.',
  ),
  BROKER_RESPONSE_BACKLOG_BYTES_MAX: setting.sizeBytes(
    2_097_152,
    'How far a reader may fall behind a worker that cannot be made to wait for one request.',
  ),
  BROKER_STREAM_WINDOW_BYTES: setting.sizeBytes(
    1_048_576,
    'How far a worker that can wait may be ahead of a reader: a tenth of a second at 80 Mbit/s. Half the backlog at most.',
  ),
  BROKER_READER_STALL_MS: setting.durationMs(
    120_000,
    'How long a reader may take nothing of what waits for it before its request is ended.',
  ),
  BROKER_SOCKET_BACKLOG_BYTES_MAX: setting.sizeBytes(
    8_388_608,
    'How much may wait for a worker to read it before requests wait for room there.',
  ),
  BROKER_SOCKET_STALL_MS: setting.durationMs(
    30_000,
    'How long a worker for which that much waits may read nothing before its session is ended: lines pause for seconds.',
  ),
  BROKER_BEAT_INTERVAL_MS: setting.durationMs(
    1_000,
    'How often this instance says that it lives; routers give it up after a few missing ones.',
  ),
  BROKER_LOAD_INTERVAL_MS: setting.durationMs(
    250,
    "How often one session's load is published at most; its comings and goings are at once.",
  ),
  BROKER_DRAIN_GRACE_MS: setting.durationMs(
    25_000,
    'How long requests in flight may take to end when the process is asked to leave.',
  ),
  BROKER_DRAIN_SLICE: setting.integer(
    100,
    1,
    100_000,
    'Sockets closed every 50 ms when leaving, so that workers do not all come back at once.',
  ),
  BROKER_SHUTDOWN_GRACE_MS: setting.durationMs(
    40_000,
    'When the process ends in any case: after the drain and the closing of its sockets.',
  ),
  ...ownerSettings,
});
export type BrokerSettings = z.infer<typeof brokerSettings>;

/** The limits that the services work by, read from the settings. Also the DI token. */
export class BrokerLimits {
  readonly admission;
  readonly session;
  readonly outflow;
  readonly call;
  readonly presence;
  readonly drain;
  readonly view;
  readonly history;
  readonly registrationCheck;

  constructor(settings: BrokerSettings) {
    // A worker that keeps to its window must never be taken for one that floods its reader.
    const streamWindowBytes = Math.min(
      settings.BROKER_STREAM_WINDOW_BYTES,
      Math.ceil(settings.BROKER_RESPONSE_BACKLOG_BYTES_MAX / 2),
    );
    this.admission = {
      waitingMax: settings.BROKER_ADMISSIONS_MAX,
      sessionsMax: settings.BROKER_SESSIONS_MAX,
      failuresPerMinuteMax: settings.BROKER_ADMISSION_FAILURES_PER_MINUTE_MAX,
      takeoversPerMinuteMax: settings.BROKER_TAKEOVERS_PER_MINUTE_MAX,
      takeoverDampedMs: settings.BROKER_TAKEOVER_DAMPED_MS,
    };
    this.session = {
      registerWaitMs: settings.BROKER_REGISTER_WAIT_MS,
      registrationTtlMs: settings.BROKER_REGISTRATION_TTL_MS,
      visitIntervalMs: settings.BROKER_VISIT_INTERVAL_MS,
      pingIntervalMs: settings.BROKER_PING_INTERVAL_MS,
      heartbeatIntervalMs: settings.BROKER_HEARTBEAT_INTERVAL_MS,
      suspectAfterMs: settings.BROKER_SUSPECT_AFTER_MS,
      closeAfterMs: settings.BROKER_CLOSE_AFTER_MS,
      unreadablePerMinuteMax: settings.BROKER_UNREADABLE_FRAMES_PER_MINUTE_MAX,
      controlPerMinuteMax: settings.BROKER_CONTROL_FRAMES_PER_MINUTE_MAX,
      frameBytesInMax: settings.BROKER_FRAME_BYTES_IN_MAX,
      frameMsMax: settings.BROKER_FRAME_MS_MAX,
      frameBytesUnaskedMax: settings.BROKER_FRAME_BYTES_UNASKED_MAX,
      frameBytesOutDefault: settings.BROKER_FRAME_BYTES_OUT_DEFAULT,
      frameBytesOutMax: settings.BROKER_FRAME_BYTES_OUT_MAX,
      inFlightDefault: settings.BROKER_SESSION_IN_FLIGHT_DEFAULT,
      streamWindowBytes,
    };
    this.outflow = {
      backlogBytesMax: settings.BROKER_SOCKET_BACKLOG_BYTES_MAX,
      stallMs: settings.BROKER_SOCKET_STALL_MS,
    };
    this.call = {
      pendingWaitMs: settings.BROKER_PENDING_WAIT_MS,
      silenceMs: settings.BROKER_WORKER_SILENCE_MS,
      unwantedMsMax: settings.BROKER_UNWANTED_CALL_MS_MAX,
      queueMax: settings.BROKER_SESSION_QUEUE_MAX,
      queueWaitMs: settings.BROKER_QUEUE_WAIT_MS,
      backlogBytesMax: settings.BROKER_RESPONSE_BACKLOG_BYTES_MAX,
      streamWindowBytes,
      readerStallMs: settings.BROKER_READER_STALL_MS,
    };
    this.presence = {
      beatIntervalMs: settings.BROKER_BEAT_INTERVAL_MS,
      loadIntervalMs: settings.BROKER_LOAD_INTERVAL_MS,
    };
    const owner = ownerLimits(settings);
    this.view = owner.view;
    this.history = owner.history;
    this.registrationCheck = owner.registrationCheck;
    this.drain = { graceMs: settings.BROKER_DRAIN_GRACE_MS, slice: settings.BROKER_DRAIN_SLICE };
  }
}
