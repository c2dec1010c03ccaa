import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { asOperator, type Market, startMarket } from '@aisbf/one-machine';
import { StatementLog } from './statement-log.js';
import type { WorkerClaim } from './worker-claim.js';

/** A market whose broker is measured, and who may connect to it. */
export type BrokerMarket = Readonly<{
  market: Market;
  internalSecret: string;
  claims: readonly WorkerClaim[];
  statements: StatementLog;
}>;

/** Of all that runs at this moment: a broker that is started again is another process. */
export function marketPids({ services, servers }: Market): readonly number[] {
  return [...Object.values(services), ...Object.values(servers)].flatMap(({ pid }) => pid ?? []);
}

const workersPerProvider = 100;
const seller = 'seller';

/** The real router, accounts, Postgres, Redis and NATS; each hundred workers are another provider's. */
export async function openBrokerMarket(
  options: Readonly<{
    folder: string;
    workers: number;
    profileFolder: string | undefined;
    onProgress: (step: string) => void;
  }>,
): Promise<BrokerMarket> {
  const { folder, workers, profileFolder, onProgress } = options;
  const dataDir = join(folder, 'market');
  await mkdir(dataDir);
  const broker =
    profileFolder === undefined
      ? undefined
      : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profileFolder}` };
  const market = await startMarket({
    dataDir,
    onProgress,
    ...(broker && { serviceEnv: { broker } }),
  });
  const operator = await asOperator(market.url, market.operatorTokenFile);
  await operator.ensureUser(seller);
  const management = operator.as(await operator.createApiToken(seller, ['manage']));
  const claims: WorkerClaim[] = [];
  for (let first = 0; first < workers; first += workersPerProvider) {
    const provider = `rig-${first / workersPerProvider}`;
    const { registrationToken } = await management.ensureWorkerProvider(provider);
    const count = Math.min(workersPerProvider, workers - first);
    for (let index = 0; index < count; index += 1) {
      claims.push({ username: seller, provider, clientId: `worker-${index}`, registrationToken });
    }
  }
  // No buyer comes here.
  await market.services.gateway.stop();
  const { AISBF_INTERNAL_SECRET: internalSecret = '' } = market.environment('broker');
  const statements = new StatementLog(market.databaseUrl, join(dataDir, 'logs', 'postgres.log'));
  onProgress(`${workers} workers of ${Math.ceil(workers / workersPerProvider)} providers may come`);
  return { market, internalSecret, claims, statements };
}
