import { mkdir } from 'node:fs/promises';
import { Daemon } from './daemon.js';
import { firstLine } from './greeting.js';
import { type Server, serverAt } from './server.js';
import { findProgram } from './system-program.js';

export type StartNats = Readonly<{
  /** The server's own folder: JetStream's store. */
  dataDir: string;
  port: number;
  logFile: string;
}>;

const readyTimeoutMs = 30_000;
const stopGraceMs = 5_000;

/** Starts NATS with JetStream on 127.0.0.1. */
export async function startNats({ dataDir, port, logFile }: StartNats): Promise<Server> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const { command, env } = await findProgram('nats-server');
  const daemon = new Daemon({
    name: 'nats',
    command,
    args: ['--addr=127.0.0.1', `--port=${port}`, '--jetstream', `--store_dir=${dataDir}`],
    cwd: '/',
    env,
    logFile,
    // SIGINT and SIGTERM both end it at once; it has a slow "lame duck" end only on request.
    stopSignal: 'SIGTERM',
    stopGraceMs,
    port,
    readyTimeoutMs,
    // The greeting describes the server.
    isReady: async () => /^INFO .*"jetstream":\s*true/.test(await firstLine(port)),
  });
  await daemon.start();
  return serverAt(`nats://127.0.0.1:${port}`, daemon);
}
