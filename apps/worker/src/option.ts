/** One thing that can be set: by a flag, by the environment, or by its default, in this order. */
export type Option = Readonly<{
  key: string;
  env: string;
  /** Absent where a command line is the wrong place: for limits that hardly anybody changes. */
  flag?: string;
  /** What the flag takes; a flag without it is a switch. */
  value?: string;
  fallback?: string;
  help: string;
}>;

export const options = [
  {
    key: 'upstreamUrl',
    env: 'WORKER_UPSTREAM_URL',
    flag: 'upstream',
    value: 'URL',
    help: 'OpenAI-compatible server to sell, with or without /v1, e.g. http://localhost:11434/v1',
  },
  {
    key: 'upstreamApiKey',
    env: 'WORKER_UPSTREAM_API_KEY',
    flag: 'upstream-api-key',
    value: 'KEY',
    help: 'sent to that server as a bearer token, and to nobody else',
  },
  {
    key: 'marketUrl',
    env: 'WORKER_MARKET_URL',
    flag: 'market',
    value: 'URL',
    help: 'the market, e.g. https://market.example',
  },
  {
    key: 'username',
    env: 'WORKER_USERNAME',
    flag: 'username',
    value: 'NAME',
    help: "the owner of the provider, or 'global' for the operator's own",
  },
  {
    key: 'providerId',
    env: 'WORKER_PROVIDER_ID',
    flag: 'provider',
    value: 'NAME',
    help: 'the provider to serve, as it is named on the market',
  },
  {
    key: 'clientId',
    env: 'WORKER_CLIENT_ID',
    flag: 'client-id',
    value: 'NAME',
    help: 'the name of this machine; two running workers may not share one (default: the host name)',
  },
  {
    key: 'registrationToken',
    env: 'WORKER_REGISTRATION_TOKEN',
    flag: 'registration-token',
    value: 'TOKEN',
    help: "the provider's secret; other users of this machine may see a flag, so prefer the environment",
  },
  {
    key: 'registrationTokenFile',
    env: 'WORKER_REGISTRATION_TOKEN_FILE',
    flag: 'registration-token-file',
    value: 'FILE',
    help: 'a file that holds that secret',
  },
  {
    key: 'models',
    env: 'WORKER_MODELS',
    flag: 'models',
    value: 'A,B',
    help: 'offer only these models of the upstream (default: all)',
  },
  {
    key: 'concurrency',
    env: 'WORKER_CONCURRENCY',
    flag: 'concurrency',
    value: 'N',
    fallback: '4',
    help: 'requests served at once; the market queues the others',
  },
  {
    key: 'demo',
    env: 'WORKER_DEMO',
    flag: 'demo',
    help: 'serve the built-in demo engine instead of an upstream',
  },
  {
    key: 'logFormat',
    env: 'WORKER_LOG_FORMAT',
    flag: 'log-format',
    value: 'text|json',
    fallback: 'text',
    help: 'one line an event, for people or for machines',
  },
  {
    key: 'logLevel',
    env: 'WORKER_LOG_LEVEL',
    flag: 'log-level',
    value: 'debug|info|warn|error',
    fallback: 'info',
    help: 'leave out what is less important than this',
  },
  {
    key: 'plainProtocol',
    env: 'WORKER_PLAIN_PROTOCOL',
    flag: 'plain-protocol',
    help: 'speak as the oldest supported client does, with no extension',
  },
  {
    key: 'proxyPaths',
    env: 'WORKER_PROXY_PATHS',
    value: 'A,B',
    fallback:
      'v1/audio,v1/chat/completions,v1/completions,v1/embeddings,v1/images,v1/models,v1/moderations,v1/pipelines,v1/rerank,v1/responses,v1/video,v1/videos',
    help: 'paths that buyers may reach; files and administration of the upstream are left out',
  },
  {
    key: 'demoTokenDelayMs',
    env: 'WORKER_DEMO_TOKEN_DELAY_MS',
    value: 'MS',
    fallback: '5',
    help: 'time that one token of the demo engine takes, so that a stream can be watched',
  },
  {
    key: 'drainGraceMs',
    env: 'WORKER_DRAIN_GRACE_MS',
    value: 'MS',
    fallback: '30000',
    help: 'how long running requests may take to finish after SIGTERM',
  },
  {
    key: 'frameBytesMax',
    env: 'WORKER_FRAME_BYTES_MAX',
    value: 'BYTES',
    fallback: '67108864',
    help: 'largest message taken from the market: an upload comes in one',
  },
  {
    key: 'sentFrameBytesMax',
    env: 'WORKER_SENT_FRAME_BYTES_MAX',
    value: 'BYTES',
    fallback: '67108864',
    help: 'largest message sent to the market, which takes no larger one; streams come in small ones',
  },
  {
    key: 'bufferedBytesMax',
    env: 'WORKER_BUFFERED_BYTES_MAX',
    value: 'BYTES',
    fallback: '1048576',
    help: 'unsent bytes from which on the upstream is read no further until the market has caught up',
  },
  {
    key: 'upstreamConnectMsMax',
    env: 'WORKER_UPSTREAM_CONNECT_MS_MAX',
    value: 'MS',
    fallback: '10000',
    help: 'time for a connection to the upstream; it is usually on the same machine',
  },
  {
    key: 'upstreamHeadersMsMax',
    env: 'WORKER_UPSTREAM_HEADERS_MS_MAX',
    value: 'MS',
    fallback: '600000',
    help: 'time until the upstream begins to answer; it may have to load a model first',
  },
  {
    key: 'upstreamSilenceMsMax',
    env: 'WORKER_UPSTREAM_SILENCE_MS_MAX',
    value: 'MS',
    fallback: '300000',
    help: 'longest pause within an answer of the upstream',
  },
  {
    key: 'modelsPollMs',
    env: 'WORKER_MODELS_POLL_MS',
    value: 'MS',
    fallback: '30000',
    help: 'how often the upstream is asked for its models',
  },
  {
    key: 'pendingAfterMs',
    env: 'WORKER_PENDING_AFTER_MS',
    value: 'MS',
    fallback: '250',
    help: 'time after which an unanswered request is reported as pending; the market waits 3 s',
  },
  {
    key: 'pendingEveryMs',
    env: 'WORKER_PENDING_EVERY_MS',
    value: 'MS',
    fallback: '30000',
    help: 'how often it is reported again; the market gives up after 60 s of silence',
  },
  {
    key: 'pingEveryMs',
    env: 'WORKER_PING_EVERY_MS',
    value: 'MS',
    fallback: '20000',
    help: 'how often the connection is tested',
  },
  {
    key: 'silenceMsMax',
    env: 'WORKER_SILENCE_MS_MAX',
    value: 'MS',
    fallback: '60000',
    help: 'a connection that is silent for longer is given up',
  },
  {
    key: 'heartbeatEveryMs',
    env: 'WORKER_HEARTBEAT_EVERY_MS',
    value: 'MS',
    fallback: '30000',
    help: 'how often free memory is reported',
  },
  {
    key: 'greetingMsMax',
    env: 'WORKER_GREETING_MS_MAX',
    value: 'MS',
    fallback: '30000',
    help: 'time for the market to open the connection, and again to accept the registration',
  },
  {
    key: 'reconnectMsMin',
    env: 'WORKER_RECONNECT_MS_MIN',
    value: 'MS',
    fallback: '1000',
    help: 'first pause before a new attempt; doubled with each that fails',
  },
  {
    key: 'reconnectMsMax',
    env: 'WORKER_RECONNECT_MS_MAX',
    value: 'MS',
    fallback: '60000',
    help: 'longest such pause, also the pause after a refusal',
  },
] as const satisfies readonly Option[];

export type OptionKey = (typeof options)[number]['key'];

/** How a person would name the option: its flag where it has one, and its variable. */
export function optionName(key: string): string {
  const option: Option | undefined = options.find((candidate) => candidate.key === key);
  if (option === undefined) return key;
  return option.flag === undefined ? option.env : `--${option.flag} (${option.env})`;
}

export function helpText(): string {
  const listed: readonly Option[] = options;
  return [
    'Usage: aisbf-worker --upstream URL --market URL --username NAME --provider NAME [options]',
    '',
    'Puts an OpenAI-compatible server on the market. The registration token comes from',
    'WORKER_REGISTRATION_TOKEN or --registration-token-file.',
    '',
    'Options (each may also be set in the environment):',
    ...listed.flatMap((option) => (option.flag === undefined ? [] : [flagLine(option)])),
    `${'  --help'.padEnd(36)}this text`,
    '',
    'Limits (environment only):',
    ...listed.flatMap((option) => (option.flag === undefined ? [limitLine(option)] : [])),
    '',
  ].join('\n');
}

function flagLine(option: Option): string {
  const value = option.value === undefined ? '' : ` ${option.value}`;
  const fallback = option.fallback === undefined ? '' : ` (default: ${option.fallback})`;
  const flag = `  --${option.flag}${value}`.padEnd(36);
  return `${flag}${option.help}${fallback}\n${''.padEnd(36)}${option.env}`;
}

function limitLine(option: Option): string {
  return `${`  ${option.env}=${option.value}`.padEnd(42)}${option.help} (default: ${option.fallback})`;
}
