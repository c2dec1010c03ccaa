import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type Explain,
  internalHeaders,
  internalPaths,
  Rotation,
  RouteExplanation,
} from '@aisbf/contracts';
import {
  asOperator,
  findFreePorts,
  Management,
  type Market,
  startService,
} from '@aisbf/one-machine';
import { Pool } from 'pg';
import { type Quantiles, quantiles } from '../statistics.js';

export type SpreadFigures = Readonly<{
  replicas: number;
  listings: number;
  changes: number;
  /** From sending the change until the replica that makes it has answered, in milliseconds. */
  answered: Quantiles;
  /** From sending it until each replica plans by it. */
  served: Quantiles;
}>;

type Replica = Readonly<{ url: string; secret: string }>;

const replicaCount = 3;
const wideProviders = 1_000;
const listingsEach = 10;
const rotation = 'watched';
/** A replica is asked again after so long; the figures are as coarse as that. */
const askAgainMs = 10;
const servedMsMax = 30_000;

/** Changes a rotation at one of three routers, again and again, and asks each of them until it plans by it. */
export async function catalogueSpread(market: Market, changes: number): Promise<SpreadFigures> {
  await fillCatalogue(market.databaseUrl);
  const others = await startOthers(market);
  const { AISBF_INTERNAL_SECRET: secret = '' } = market.environment('router');
  const replicas = [market.services.router, ...others].map(({ url }) => ({ url, secret }));
  const operator = await asOperator(market.url, market.operatorTokenFile);
  const apiToken = await operator.createApiToken('global', ['inference']);
  const providerId = await operator.createHttpProvider(rotation, 'http://127.0.0.1:1/v1', ['m']);
  const maker = new Management(market.services.router.url, operator.apiToken);
  const answered: number[] = [];
  const served: number[] = [];
  // The first one is not counted: connections are made, and each replica may have to catch up.
  for (let change = 0; change <= changes; change += 1) {
    const totalMs = 100_000 + change;
    const startMs = performance.now();
    const members = [{ providerId, model: 'm' }];
    const path = `/api/catalog/rotations/${rotation}`;
    const made = maker
      .call('PUT', path, Rotation, { totalMs, members })
      .then(() => performance.now() - startMs);
    const all = replicas.map((replica) => untilServed(replica, apiToken, totalMs));
    const [answerMs] = await Promise.all([made, ...all]);
    if (change === 0) continue;
    answered.push(answerMs);
    served.push(performance.now() - startMs);
  }
  await Promise.all(others.map((other) => other.stop()));
  return {
    ...{ replicas: replicaCount, listings: wideProviders * listingsEach, changes },
    answered: quantiles(answered),
    served: quantiles(served),
  };
}

/** Past the services: that many calls would take longer than everything that is measured. */
async function fillCatalogue(databaseUrl: string): Promise<void> {
  const pool = new Pool({
    connectionString: databaseUrl,
    options: '-c search_path=router',
    max: 1,
  });
  await pool.query(
    `INSERT INTO provider (id, owner_id, username, name, kind)
     SELECT gen_random_uuid(), gen_random_uuid(), 'wide-' || n, 'rig-' || n, 'coderai'::provider_kind
     FROM generate_series(1, $1) n`,
    [wideProviders],
  );
  await pool.query(
    `INSERT INTO listing (id, provider_id, model)
     SELECT gen_random_uuid(), id, 'org/model-' || m || '-instruct'
     FROM provider, generate_series(1, $1) m WHERE username LIKE 'wide-%'`,
    [listingsEach],
  );
  await pool.query(
    `INSERT INTO term_change (id, kind, subject_id, subject_name, prompt_token_nanos,
       completion_token_nanos, valid_from, set_at)
     SELECT gen_random_uuid(), 'listing_prices'::term_kind, listing.id, model, 100000000, 400000000,
       now() - interval '1 day', now() - interval '1 day'
     FROM listing JOIN provider ON provider.id = provider_id WHERE username LIKE 'wide-%'`,
  );
  await pool.query('UPDATE catalogue_revision SET revision = revision + 1');
  await pool.end();
}

function startOthers(market: Market) {
  return Promise.all(
    Array.from({ length: replicaCount - 1 }, async (_, index) => {
      const dataDir = join(market.dataDir, `router-${index + 2}`);
      await mkdir(join(dataDir, 'logs'), { recursive: true });
      const [http = 0, grpc = 0] = await findFreePorts(2);
      const ports = { ROUTER_HTTP_PORT: String(http), ROUTER_GRPC_PORT: String(grpc) };
      const env = { ...market.environment('router'), ...ports };
      return startService({ name: 'router', env, dataDir });
    }),
  );
}

async function untilServed(replica: Replica, apiToken: string, totalMs: number): Promise<void> {
  const untilMs = performance.now() + servedMsMax;
  while ((await explained(replica, apiToken)).deadlines.totalMs !== totalMs) {
    if (performance.now() > untilMs) {
      throw new Error(`${replica.url} does not serve a change after ${servedMsMax / 1_000} s.`);
    }
    await delay(askAgainMs);
  }
}

async function explained({ url, secret }: Replica, apiToken: string): Promise<RouteExplanation> {
  const question: Explain = {
    ...{ type: 'explain', seed: randomUUID(), apiToken, pathUsername: null, clientAddress: null },
    facts: {
      ...{ endpoint: 'chat.completions', route: `rotation/${rotation}`, isStream: false },
      ...{ bodyBytes: 100, promptTokens: 10, outputTokensMax: 16, choices: 1 },
    },
  };
  const response = await fetch(`${url}${internalPaths.routerExplain}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', [internalHeaders.secret]: secret },
    body: JSON.stringify(question),
  });
  if (response.status === 404) return unknown;
  if (!response.ok) throw new Error(`${url} says ${response.status}: ${await response.text()}`);
  return RouteExplanation.parse(await response.json());
}

/** Before its first change there is no such rotation. */
const unknown: RouteExplanation = {
  ...{ object: 'route.explanation', route: rotation, seed: '', candidates: [], rejections: [] },
  ...{ attemptsMax: 0, holdAmount: null, refusal: null },
  deadlines: { firstByteMs: 1, idleMs: 1, totalMs: 1 },
};
