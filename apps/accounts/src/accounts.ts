import { readFile, rm, writeFile } from 'node:fs/promises';
import { createLog, Metrics, NatsBus, Readiness, startTwoDoors } from '@aisbf/platform';
import { createSecretToken } from '@aisbf/secrets';
import { appModule } from './app.module.js';
import type { AccountsSettings } from './config.js';
import { AccessUpkeep } from './inbound/access-upkeep.js';
import { AuthRoutesDoor } from './inbound/auth-routes.js';
import { Background } from './inbound/background.js';
import { takeBinaryBodies } from './inbound/binary-body.js';
import { FilePurgeWorker } from './inbound/file-purge-worker.js';
import { LedgerGrpc } from './inbound/ledger.grpc.js';
import { PayoutWorker } from './inbound/payout-worker.js';
import { ReconciliationWorker } from './inbound/reconciliation-worker.js';
import { SettleConsumer } from './inbound/settle-consumer.js';
import { openPool } from './outbound/accounts-database.js';
import { requirePaymentSettings } from './payment-settings.js';
import { ApiTokens } from './services/api-tokens.js';
import { BusStreams } from './services/bus-streams.js';
import { Directory } from './services/directory.js';
import { Mailer } from './services/mailer.js';

/** The whole service, running. */
export async function startAccounts(settings: AccountsSettings) {
  requirePaymentSettings(settings);
  const log = createLog('accounts', settings.ACCOUNTS_LOG_LEVEL);
  const metrics = new Metrics('accounts');
  const readiness = new Readiness();
  const pool = openPool(
    {
      url: settings.ACCOUNTS_DATABASE_URL,
      connectionsMax: settings.ACCOUNTS_DATABASE_CONNECTIONS_MAX,
    },
    log,
  );
  const bus = await NatsBus.connect({ url: settings.AISBF_NATS_URL, name: 'accounts', log });
  readiness.add('postgres', async () => (await pool.query('SELECT 1')).rowCount === 1);
  readiness.add('nats', () => bus.isAlive());

  const { app, grpcPort, close } = await startTwoDoors({
    module: appModule(settings, { bus, log, metrics, pool }),
    host: settings.ACCOUNTS_HTTP_HOST,
    port: settings.ACCOUNTS_HTTP_PORT,
    bodyBytesMax: settings.ACCOUNTS_BODY_BYTES_MAX,
    keepsRawBodies: true,
    internalSecret: settings.AISBF_INTERNAL_SECRET,
    trustedProxies: settings.AISBF_TRUSTED_PROXIES,
    log,
    metrics,
    readiness,
    onFastify: (fastify, nest) => {
      takeBinaryBodies(fastify, settings.ACCOUNTS_BINARY_BYTES_MAX);
      nest.get(AuthRoutesDoor).addTo(fastify);
    },
    grpc: {
      proto: 'accounts.proto',
      service: 'aisbf.accounts.v1.Accounts',
      port: settings.ACCOUNTS_GRPC_PORT,
      handlersOf: (nest) => nest.get(LedgerGrpc).handlers,
    },
  });
  if (!(await app.get(Directory).hasOperator())) {
    await makeFirstOperator(settings.ACCOUNTS_OPERATOR_API_TOKEN_FILE, app.get(ApiTokens));
  }
  await app.get(BusStreams).ensure();
  await app.get(SettleConsumer).start();
  app.get(AccessUpkeep).start();
  app.get(Background).start();
  if (settings.ACCOUNTS_REDIS_URL !== undefined) {
    app.get(PayoutWorker).start();
    app.get(ReconciliationWorker).start();
    app.get(FilePurgeWorker).start();
  }
  readiness.markStarted();
  log.info({ url: await app.getUrl(), grpcPort }, 'accounts are open');

  return {
    app,
    log,
    readiness,
    grpcPort,
    close: async () => {
      await close();
      await app.get(Mailer).close();
      await bus.close();
      await pool.end();
    },
  };
}

/**
 * Makes the first operator with the token in the file, which is written first: whenever this breaks off,
 * the next start goes on with the same token. Only the file's owner may read it.
 */
async function makeFirstOperator(path: string, apiTokens: ApiTokens): Promise<void> {
  if (path === '') return;
  const apiToken = (await readIfThere(path))?.trim() || createSecretToken('aisbf').text;
  await writeFile(path, `${apiToken}\n`, { mode: 0o600 });
  if (!(await apiTokens.createFirstOperator(apiToken))) await rm(path);
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
