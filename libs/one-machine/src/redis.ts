import { mkdir } from 'node:fs/promises';
import { Daemon } from './daemon.js';
import { firstLine } from './greeting.js';
import { type Server, serverAt } from './server.js';
import { findProgram } from './system-program.js';

export type StartRedis = Readonly<{
  /** The server's own folder. */
  dataDir: string;
  port: number;
  logFile: string;
  /** Keeps nothing on disk: for tests. */
  throwAway?: boolean;
}>;

/** Includes reading the log of writes back. */
const readyTimeoutMs = 30_000;
const stopGraceMs = 5_000;

/** Starts Redis on 127.0.0.1. */
export async function startRedis(options: StartRedis): Promise<Server> {
  const { dataDir, port, logFile, throwAway } = options;
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const { command, env } = await findProgram('redis-server');
  const settings: Readonly<Record<string, string>> = {
    bind: '127.0.0.1',
    port: String(port),
    dir: dataDir,
    // The log of writes is what is kept; a snapshot beside it would only cost.
    save: '',
    appendonly: throwAway ? 'no' : 'yes',
    appendfsync: 'everysec',
    // Limits and cooldowns must never be thrown out to make room for others.
    'maxmemory-policy': 'noeviction',
  };
  const daemon = new Daemon({
    name: 'redis',
    command,
    args: Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
    cwd: '/',
    env,
    logFile,
    stopSignal: 'SIGTERM',
    stopGraceMs,
    port,
    readyTimeoutMs,
    // Says -LOADING until it has read its log.
    isReady: async () => (await firstLine(port, 'PING\r\n')) === '+PONG',
  });
  await daemon.start();
  return serverAt(`redis://127.0.0.1:${port}`, daemon);
}
