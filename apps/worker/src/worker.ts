import { startDemoEngine } from '@aisbf/demo-engine';
import type { Config } from './config.js';
import { workerCapabilities } from './connection/capabilities.js';
import { marketAddress } from './connection/market-address.js';
import { MarketConnection } from './connection/market-connection.js';
import type { SessionOptions } from './connection/session.js';
import { Hardware } from './hardware/hardware.js';
import type { Log } from './log.js';
import { Desk } from './requests/desk.js';
import { Seats } from './requests/seats.js';
import { StatusBoard } from './status.js';
import { ModelList } from './upstream/model-list.js';
import { Upstream } from './upstream/upstream.js';

export type Worker = Readonly<{
  /** What there is to be seen of it at any time. */
  board: StatusBoard;
  /** Leaves the market in order: no new work, what runs may finish, then everything is closed. */
  stop: () => Promise<void>;
}>;

/** What a worker needs of the world around it. */
export type Surroundings = Readonly<{
  log: Log;
  /** The registration token as it stands in its file, where it has one: it may be replaced. */
  currentToken: () => string | undefined;
  /** Called before anything happens, so that a display sees all of it. */
  onBoard?: (board: StatusBoard) => void;
}>;

/** The receive limit of the oldest supported client's library, which a plain worker shares. */
const plainFrameBytesMax = 1024 ** 2;

export async function startWorker(config: Config, around: Surroundings): Promise<Worker> {
  const { log } = around;
  const demo = config.demo
    ? await startDemoEngine({ tokenDelayMs: config.demoTokenDelayMs })
    : undefined;
  const upstream = new Upstream({
    url: demo?.url ?? config.upstreamUrl ?? '',
    apiKey: config.upstreamApiKey,
    connectMsMax: config.upstreamConnectMsMax,
    headersMsMax: config.upstreamHeadersMsMax,
    silenceMsMax: config.upstreamSilenceMsMax,
  });
  const board = new StatusBoard({
    marketUrl: config.marketUrl,
    upstreamUrl: demo === undefined ? upstream.url : 'the built-in demo engine',
    placesMax: config.concurrency,
  });
  around.onBoard?.(board);
  const models = new ModelList({
    upstream,
    assortment: { allowed: config.models, aliases: config.aliases },
    pollMs: config.modelsPollMs,
    retryMsMin: config.upstreamRetryMsMin,
    log,
    show: board.showUpstream,
  });
  const [hardware] = await Promise.all([Hardware.discover(), models.start()]);
  const retry = { msMin: config.reconnectMsMin, msMax: config.reconnectMsMax };
  const session = sessionOptions(config, around, { upstream, models, hardware, board });
  const connection = new MarketConnection({ ...session, retry });
  models.onChange(() => connection.register());
  const running = connection.run(config.drainGraceMs);
  const stop = async (): Promise<void> => {
    models.withdraw();
    await connection.leave(config.drainGraceMs);
    await running;
    models.stop();
    await upstream.close();
    await demo?.close();
  };
  return { board, stop };
}

type Parts = Readonly<{
  upstream: Upstream;
  models: ModelList;
  hardware: Hardware;
  board: StatusBoard;
}>;

function sessionOptions(
  config: Config,
  { log, currentToken }: Surroundings,
  { upstream, models, hardware, board }: Parts,
): SessionOptions {
  const { concurrency, endpoints, plainProtocol: isPlain, proxyPaths } = config;
  const { advertisedEndpoint: endpoint } = config;
  const frameBytesMax = isPlain ? plainFrameBytesMax : config.frameBytesMax;
  const capabilities = workerCapabilities({ isPlain, frameBytesMax, concurrency, endpoints });
  const answerBytesMax = config.sentFrameBytesMax;
  const { heldAnswerBytesMax: heldBytesMax } = config;
  const sizes = { answerBytesMax, heldBytesMax };
  const engine = { upstream, models, capabilities, isPlain, proxyPaths, ...sizes };
  const pace = {
    // The oldest clients report at once; later is enough, and spares quick answers a frame.
    pendingAfterMs: isPlain ? 0 : config.pendingAfterMs,
    pendingEveryMs: config.pendingEveryMs,
    windowWaitMsMax: config.windowWaitMsMax,
  };
  const seats = new Seats(concurrency);
  let registrationToken = config.registrationToken;
  return {
    address: () => {
      registrationToken = currentToken() ?? registrationToken;
      return marketAddress(config.marketUrl, { ...config, registrationToken });
    },
    isPlain,
    limits: { ...config, frameBytesMax },
    registration: () => ({ registrationToken, endpoint, hardware: hardware.known, capabilities }),
    measure: async () => {
      await hardware.measure();
    },
    vitals: () => ({
      uptimeSeconds: Math.floor(process.uptime()),
      hardware: hardware.known,
    }),
    openDesk: (sink) => new Desk({ engine, sink, pace, seats, board, log }),
    log,
    show: board.showMarket,
  };
}
