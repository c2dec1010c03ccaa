import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { findFreePorts, startNats, throwAwayFolder } from '@aisbf/one-machine';

/** A NATS server for one test alone, which may be taken away and brought back at the same address. */
export type OwnNats = Readonly<{
  url: string;
  kill: () => Promise<void>;
  restart: () => Promise<void>;
  /** While it does not run: everything that it had stored. */
  loseData: () => Promise<void>;
  stop: () => Promise<void>;
}>;

export async function startOwnNats(): Promise<OwnNats> {
  const folder = await throwAwayFolder();
  const dataDir = join(folder.path, 'data');
  const [port = 0] = await findFreePorts(1);
  const server = await startNats({ dataDir, port, logFile: join(folder.path, 'nats.log') });
  const { daemon } = server;
  if (!daemon) throw new Error('The server is not ours.');
  return {
    url: server.url,
    kill: () => daemon.kill(),
    restart: () => daemon.restart(),
    loseData: () => rm(dataDir, { recursive: true, force: true }),
    stop: async () => {
      await server.stop();
      await folder.remove();
    },
  };
}
