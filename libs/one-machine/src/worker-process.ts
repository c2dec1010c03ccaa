import { join } from 'node:path';
import { Daemon, type DaemonExit } from './daemon.js';
import { inRepository } from './repository.js';
import { inherited } from './service.js';

export type StartWorker = Readonly<{
  /** Names the machine on the market, and its log file. */
  clientId: string;
  /** The market's public origin. */
  marketUrl: string;
  username: string;
  provider: string;
  registrationToken: string;
  dataDir: string;
  /** What it sells; the built-in demo engine where not given. */
  upstreamUrl?: string | undefined;
  /** Further settings of the worker. */
  env?: Readonly<Record<string, string>> | undefined;
}>;

/** A seller's machine that runs as its own process beside the market. */
export type WorkerProcess = Readonly<{
  name: string;
  readonly pid: number | undefined;
  readonly exited: Promise<DaemonExit>;
  logFile: string;
  stop: () => Promise<void>;
  kill: (signal?: NodeJS.Signals) => Promise<void>;
  restart: () => Promise<void>;
}>;

/** It connects with its first try, or the market is not there. */
const readyTimeoutMs = 30_000;
const stopGraceMs = 4_000;
/** What the worker logs once the market has taken it. */
const connectedSentence = 'connected to the market';

/** Starts `apps/worker` against a market and waits until it is connected. */
export async function startWorker(options: StartWorker): Promise<WorkerProcess> {
  const name = `worker-${options.clientId}`;
  const daemon: Daemon = new Daemon({
    name,
    command: process.execPath,
    args: [inRepository('apps/worker/dist/main.js')],
    env: { ...inherited(), ...environmentOf(options) },
    cwd: options.dataDir,
    logFile: join(options.dataDir, 'logs', `${name}.log`),
    stopSignal: 'SIGTERM',
    stopGraceMs,
    readyTimeoutMs,
    isReady: () => Promise.resolve(daemon.logTail().includes(connectedSentence)),
  });
  await daemon.start();
  return {
    name,
    get pid() {
      return daemon.pid;
    },
    get exited() {
      return daemon.exited;
    },
    logFile: daemon.logFile,
    stop: () => daemon.stop(),
    kill: (signal) => daemon.kill(signal),
    restart: () => daemon.restart(),
  };
}

function environmentOf(options: StartWorker): Record<string, string> {
  return {
    WORKER_MARKET_URL: options.marketUrl,
    WORKER_USERNAME: options.username,
    WORKER_PROVIDER_ID: options.provider,
    WORKER_CLIENT_ID: options.clientId,
    WORKER_REGISTRATION_TOKEN: options.registrationToken,
    WORKER_LOG_FORMAT: 'json',
    ...(options.upstreamUrl === undefined
      ? { WORKER_DEMO: 'true' }
      : { WORKER_UPSTREAM_URL: options.upstreamUrl }),
    ...options.env,
  };
}
