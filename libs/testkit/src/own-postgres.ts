import { join } from 'node:path';
import { findFreePorts, startPostgres, throwAwayFolder } from '@aisbf/one-machine';
import { provisionIn, type TestDatabase } from './fresh-database.js';
import { until } from './until.js';

/** A Postgres that is the caller's own, so that it can be killed, with a database in it. */
export type OwnPostgres = Readonly<{
  database: TestDatabase;
  /** SIGKILL: nothing is written out any more. What was committed is in its log. */
  kill(): Promise<void>;
  /** Resolves when it has recovered and answers. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}>;

export async function startOwnPostgres(): Promise<OwnPostgres> {
  const folder = await throwAwayFolder();
  const [port = 0] = await findFreePorts(1);
  const place = {
    dataDir: join(folder.path, 'postgres'),
    logFile: join(folder.path, 'postgres.log'),
  };
  // Commits survive the death of the process though not that of the machine, which nobody kills here.
  const server = await startPostgres({ ...place, port, password: 'test', throwAway: true });
  const { daemon } = server;
  if (!daemon) throw new Error('Postgres is not ours.');
  return {
    database: await provisionIn(server.url),
    kill: () => daemon.kill(),
    // The sessions of the one that was killed take a moment to notice, and until then keep it from starting.
    restart: () => until(() => daemon.restart().then(() => true)).then(() => undefined),
    stop: async () => {
      await server.stop();
      await folder.remove();
    },
  };
}
