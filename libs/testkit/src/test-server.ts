import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  findFreePorts,
  type Server,
  startNats,
  startPostgres,
  startRedis,
} from '@aisbf/one-machine';
import { prepareTemplate } from './fresh-database.js';
import type { RunSettingName } from './run-setting.js';

export type TestServers = Readonly<{
  env: Readonly<Record<RunSettingName, string>>;
  stop(): Promise<void>;
}>;

/** As many as Jest has workers (`jest.config.mjs`): streams and subjects cannot be told apart otherwise. */
const natsServers = 2;

/** Starts the servers of one test run, on free ports, with everything they write below `folder`. */
export async function startTestServers(folder: string): Promise<TestServers> {
  await mkdir(folder, { recursive: true });
  const [postgresPort = 0, redisPort = 0, ...natsPorts] = await findFreePorts(2 + natsServers);
  const place = (name: string) => ({
    dataDir: join(folder, name),
    logFile: join(folder, `${name}.log`),
  });
  const starting = [
    startPostgres({
      ...place('postgres'),
      port: postgresPort,
      password: 'test',
      throwAway: true,
    }),
    startRedis({ ...place('redis'), port: redisPort, throwAway: true }),
    ...natsPorts.map((port, index) => startNats({ ...place(`nats-${index}`), port })),
  ];
  const stop = async () => {
    const outcomes = await Promise.allSettled(starting);
    const servers = outcomes.flatMap((outcome) =>
      outcome.status === 'fulfilled' ? [outcome.value] : [],
    );
    await Promise.all(servers.map((server: Server) => server.stop()));
  };
  try {
    const [postgres, redis, ...nats] = await Promise.all(starting);
    if (!postgres || !redis) throw new Error('A server of the test run is missing.');
    await prepareTemplate(postgres.url);
    const env = {
      TEST_POSTGRES_URL: postgres.url,
      TEST_REDIS_URL: redis.url,
      TEST_NATS_URLS: nats.map(({ url }) => url).join(','),
    };
    return { env, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
