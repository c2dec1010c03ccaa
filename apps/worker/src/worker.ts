import type { WorkerHardware } from '@aisbf/broker-protocol';
import { startDemoEngine } from '@aisbf/demo-engine';
import type { Config } from './config.js';
import { workerCapabilities } from './connection/capabilities.js';
import { readHardware } from './connection/hardware.js';
import { marketAddress } from './connection/market-address.js';
import { MarketConnection } from './connection/market-connection.js';
import type { SessionOptions } from './connection/session.js';
import type { Log } from './log.js';
import { Desk } from './requests/desk.js';
import { ModelList } from './upstream/model-list.js';
import { Upstream } from './upstream/upstream.js';

export type Worker = Readonly<{
  /** Leaves the market in order: no new work, what runs may finish, then everything is closed. */
  stop: () => Promise<void>;
}>;

/** The receive limit of the oldest supported client's library, which a plain worker shares. */
const plainFrameBytesMax = 1024 ** 2;

export async function startWorker(config: Config, log: Log): Promise<Worker> {
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
  const { models: allowed, modelsPollMs: pollMs } = config;
  const models = new ModelList({ upstream, allowed, pollMs, log });
  await models.start();
  const hardware = await readHardware();
  const retry = { msMin: config.reconnectMsMin, msMax: config.reconnectMsMax };
  const session = sessionOptions(config, log, { upstream, models, hardware });
  const connection = new MarketConnection({ ...session, retry });
  models.onChange(() => connection.register());
  const running = connection.run();
  const stop = async (): Promise<void> => {
    models.withdraw();
    await connection.leave(config.drainGraceMs);
    await running;
    models.stop();
    await upstream.close();
    await demo?.close();
  };
  return { stop };
}

type Parts = Readonly<{ upstream: Upstream; models: ModelList; hardware: WorkerHardware }>;

function sessionOptions(config: Config, log: Log, parts: Parts): SessionOptions {
  const { upstream, models } = parts;
  const { concurrency, plainProtocol: isPlain, registrationToken, proxyPaths } = config;
  const frameBytesMax = isPlain ? plainFrameBytesMax : config.frameBytesMax;
  const capabilities = workerCapabilities({ isPlain, frameBytesMax, concurrency });
  const engine = {
    upstream,
    models,
    capabilities,
    isPlain,
    proxyPaths,
    answerBytesMax: config.sentFrameBytesMax,
  };
  const pace = {
    // The oldest clients report at once; later is enough, and spares quick answers a frame.
    pendingAfterMs: isPlain ? 0 : config.pendingAfterMs,
    pendingEveryMs: config.pendingEveryMs,
  };
  let hardware = parts.hardware;
  return {
    address: marketAddress(config.marketUrl, config),
    limits: { ...config, frameBytesMax },
    registration: () => ({ registrationToken, hardware, capabilities }),
    measure: async () => {
      hardware = await readHardware();
    },
    vitals: () => ({ uptimeSeconds: Math.floor(process.uptime()), hardware }),
    openDesk: (sink) => new Desk({ engine, sink, pace, concurrency, log }),
    log,
  };
}
