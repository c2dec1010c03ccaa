import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { restRoutes } from '@aisbf/contracts';
import type { CanarySearch, Leak } from './canary.js';
import type { CanaryMarket } from './canary-market.js';

/** Somewhere that something may have been written, and all that stands there. */
export type Place = Readonly<{ place: string; text: string; expected?: readonly string[] }>;

/** Where secrets are kept on purpose, readable by nobody else. */
const homes: ReadonlySet<string> = new Set(['secrets.json', 'operator-token']);

/** The logs of all services, of the worker and of the servers. */
export async function logsOf({ market }: CanaryMarket): Promise<readonly Place[]> {
  const folder = join(market.market.dataDir, 'logs');
  const names = await readdir(folder);
  return Promise.all(
    names.map(async (name) => ({
      place: `log ${name}`,
      text: await readFile(join(folder, name), 'utf8'),
    })),
  );
}

export async function metricsOf({ market }: CanaryMarket): Promise<readonly Place[]> {
  const services = Object.values(market.market.services);
  return Promise.all(
    services.map(async ({ name, url }) => ({
      place: `metrics of ${name}`,
      text: await (await fetch(`${url}/metrics`)).text(),
    })),
  );
}

/** Every row of every table, a table each; bytes read as hex. */
export async function rowsOf({ market }: CanaryMarket): Promise<readonly Place[]> {
  const tables = await market.query<{ name: string }>(
    `SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables
     WHERE table_schema NOT IN ('pg_catalog', 'information_schema')`,
  );
  const places: Place[] = [];
  for (const { name } of tables) {
    const rows = await market.query<{ row: string }>(
      `SELECT to_jsonb(t)::text AS row FROM ${name} t`,
    );
    places.push({ place: `table ${name}`, text: rows.map(({ row }) => row).join('\n') });
  }
  return places;
}

export function overheard({ ears }: CanaryMarket): readonly Place[] {
  const { bus, redis } = ears.heard();
  return [
    { place: 'the bus', text: bus },
    { place: 'commands to Redis', text: redis },
  ];
}

/** The command lines of all processes that the market has started: anybody on the machine can see them. */
export async function commandLines({ market }: CanaryMarket): Promise<readonly Place[]> {
  const processes = Object.values(market.market.services);
  return Promise.all(
    processes.map(async ({ name, pid }) => ({
      place: `command line of ${name}`,
      text: await readFile(`/proc/${pid}/cmdline`, 'utf8'),
    })),
  );
}

/** Every list, report and export of the REST API, as each kind of caller gets it, as JSON and as CSV. */
export async function exportsOf(
  canary: CanaryMarket,
  requestId: string,
): Promise<readonly Place[]> {
  const { market, people, url } = canary;
  const tokens = { operator: market.operator.apiToken, buyer: people.buyer.apiToken };
  const places: Place[] = [];
  for (const route of restRoutes.filter(({ method }) => method === 'get')) {
    const address = new URL(addressOf(route.path, route.operationId, canary, requestId), url);
    for (const [who, token] of Object.entries(tokens)) {
      for (const accept of ['application/json', 'text/csv']) {
        const headers = { authorization: `Bearer ${token}`, accept };
        const response = await fetch(address, { headers });
        const text = `${response.status} ${headersText(response)} ${await response.text()}`;
        places.push({ place: `${route.operationId} for ${who} as ${accept}`, text });
      }
    }
  }
  return places;
}

export function headersText(response: Response): string {
  return [...response.headers].map(([name, value]) => `${name}: ${value}`).join('\n');
}

function addressOf(
  path: string,
  operation: string,
  { shop, hostedId }: CanaryMarket,
  requestId: string,
): string {
  const day = new Date().toISOString().slice(0, 10);
  const range = `from=${day}&to=${day}`;
  const queries: Readonly<Record<string, string>> = {
    getUsage: `?${range}&by=day,token,model`,
    getEarnings: `?${range}&by=day,model`,
    getStatement: `?month=${day.slice(0, 7)}`,
    getGeneration: `?id=${requestId}`,
  };
  const ids: Readonly<Record<string, string>> = {
    getReceipt: requestId,
    getProvider: hostedId,
    listRegistrations: shop.providerId,
    getWorkerStatus: shop.provider,
  };
  const filled = path.replaceAll(/\{\w+\}/g, ids[operation] ?? 'sam');
  return filled + (queries[operation] ?? '');
}

/** What lies on the disk: tables and logs of the servers, streams, and whatever else the market has left there. */
export async function leaksOnDisk(
  { market }: CanaryMarket,
  search: CanarySearch,
): Promise<Readonly<{ leaks: readonly Leak[]; files: number }>> {
  const { dataDir } = market.market;
  const entries = await readdir(dataDir, { recursive: true, withFileTypes: true });
  const leaks: Leak[] = [];
  let files = 0;
  for (const entry of entries) {
    if (!entry.isFile() || homes.has(entry.name)) continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = await readIfThere(path);
    if (bytes === undefined) continue;
    leaks.push(...search.inBytes(relative(dataDir, path), bytes));
    files += 1;
  }
  return { leaks, files };
}

/** Servers remove files while others look. */
async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
