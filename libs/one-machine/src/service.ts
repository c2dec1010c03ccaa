import { join } from 'node:path';
import { Daemon, type DaemonExit } from './daemon.js';
import { inRepository } from './repository.js';

export type StartService = Readonly<{
  /** The app's folder name; its settings begin with this in capitals. */
  name: string;
  /** Its settings. Of our own environment it only gets what every program needs. */
  env: Readonly<Record<string, string>>;
  /** Its log goes to `logs/<name>.log` in here. */
  dataDir: string;
  cwd?: string;
  nodeArgs?: readonly string[];
  /** What to run instead of `apps/<name>/dist/main.js`. */
  script?: string;
}>;

/** A service of ours that runs as its own process. */
export type Service = Readonly<{
  name: string;
  url: string;
  readonly pid: number | undefined;
  /** Resolves when the process that runs at the moment of reading has ended. */
  readonly exited: Promise<DaemonExit>;
  readonly isRunning: boolean;
  logFile: string;
  /** SIGTERM, some grace, SIGKILL. */
  stop: () => Promise<void>;
  /** Sends a signal that ends it, SIGKILL by default, and waits until it has ended. */
  kill: (signal?: NodeJS.Signals) => Promise<void>;
  /** The same settings and port again, whether it still runs or not; resolves when it is ready. */
  restart: () => Promise<void>;
}>;

/** Four services boot at once on two cores, beside the tests. */
const readyTimeoutMs = 60_000;
/** A person waits for this after Ctrl-C; what a stream has not said by then, it says to nobody. */
const stopGraceMs = 4_000;
const answerMs = 2_000;
/** Compiled code from earlier starts; a quarter of the time that a service takes to boot. */
const compileCache = inRepository('node_modules/.cache/node-compile');

/** Starts a service and waits until its `/readyz` says 200. */
export async function startService(options: StartService): Promise<Service> {
  const { name, env, dataDir } = options;
  const setting = `${name.toUpperCase()}_HTTP_PORT`;
  const port = env[setting];
  if (port === undefined) throw new Error(`${name} needs ${setting}.`);
  const url = `http://127.0.0.1:${port}`;
  const daemon = new Daemon({
    name,
    command: process.execPath,
    args: [
      ...(options.nodeArgs ?? []),
      options.script ?? inRepository(`apps/${name}/dist/main.js`),
    ],
    env: { ...inherited(), ...env },
    cwd: options.cwd ?? inRepository('.'),
    logFile: join(dataDir, 'logs', `${name}.log`),
    stopSignal: 'SIGTERM',
    stopGraceMs,
    port: Number(port),
    readyTimeoutMs,
    isReady: () => isReady(url),
  });
  await daemon.start();
  return {
    name,
    url,
    get pid() {
      return daemon.pid;
    },
    get exited() {
      return daemon.exited;
    },
    get isRunning() {
      return daemon.isRunning;
    },
    logFile: daemon.logFile,
    stop: () => daemon.stop(),
    kill: (signal) => daemon.kill(signal),
    restart: () => daemon.restart(),
  };
}

async function isReady(url: string): Promise<boolean> {
  const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(answerMs) });
  await response.arrayBuffer();
  return response.status === 200;
}

/** What any program may need of the machine: paths, locale, proxies' certificates. */
export function inherited(): Record<string, string> {
  const names = ['PATH', 'HOME', 'TMPDIR', 'TZ', 'LANG', 'LC_ALL', 'NODE_EXTRA_CA_CERTS'];
  const found = names.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  });
  return { ...Object.fromEntries(found), NODE_COMPILE_CACHE: compileCache };
}
