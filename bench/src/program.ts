import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Daemon } from '@aisbf/one-machine';

export type StartProgram = Readonly<{
  name: string;
  command?: string;
  args: readonly string[];
  port: number;
  /** Its log goes here, and it runs here. */
  folder: string;
  env?: Readonly<Record<string, string>>;
}>;

const readyTimeoutMs = 20_000;
const stopGraceMs = 2_000;

/** Starts something that listens on 127.0.0.1, and waits until it does. It ends when we do. */
export async function startProgram(options: StartProgram): Promise<Daemon> {
  const { name, command = process.execPath, args, port, folder } = options;
  const daemon = new Daemon({
    name,
    command,
    args,
    env: { PATH: process.env.PATH ?? '', NODE_ENV: 'production', ...options.env },
    cwd: folder,
    logFile: join(folder, 'logs', `${name}.log`),
    port,
    stopSignal: 'SIGTERM',
    stopGraceMs,
    readyTimeoutMs,
    isReady: () => listens(port),
  });
  await daemon.start();
  return daemon;
}

/** A program of this package. */
export function ownScript(name: string): string {
  return fileURLToPath(new URL(`./${name}.js`, import.meta.url));
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
