import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { inRepository, type Market, startMarket, throwAwayFolder } from '@aisbf/one-machine';
import { Pool } from 'pg';
import { DisturbanceWatch } from '../disturbance.js';
import { thisMachine } from '../machine.js';
import { writeBetweenMarks } from '../marked-page.js';
import { AccountsDoor } from './accounts-door.js';
import { authoriseOf, type BenchOwner, makeOwner, settleOf, ticketOf } from './buyers.js';
import { measureHistory } from './history.js';
import type { LedgerBenchOptions, LedgerPart } from './ledger-bench-options.js';
import { type LedgerReport, ledgerMarkdown } from './ledger-report.js';
import { closedLoop, openLoop } from './load.js';
import { reconcileCommand } from './reconcile-command.js';

type Progress = (step: string) => void;
type Bench = Readonly<{
  options: LedgerBenchOptions;
  door: AccountsDoor;
  database: Pool;
  secret: string;
  buyers: readonly BenchOwner[];
  seller: BenchOwner;
}>;

/** Starts a market whose Postgres syncs every commit, measures its ledger, and leaves nothing but what it says. */
export async function runLedgerBench(
  options: LedgerBenchOptions,
  progress: Progress,
): Promise<string> {
  const machine = thisMachine();
  const folder = await throwAwayFolder();
  const market = await startLedgerMarket(options, folder.path, progress);
  const database = new Pool({
    connectionString: market.databaseUrl,
    options: '-c search_path=accounts',
    max: 2,
  });
  const secret = market.environment('accounts').AISBF_INTERNAL_SECRET ?? '';
  const door = new AccountsDoor(market.services.accounts.url, secret);
  const seller = await makeOwner(database);
  const buyers: BenchOwner[] = [];
  while (buyers.length < options.wallets) buyers.push(await makeOwner(database));

  const watch = await DisturbanceWatch.begin(pidsOf(market));
  const figures = await measureDoor({ options, door, database, secret, buyers, seller }, progress);
  const disturbance = await watch.soFar();
  const isHistory = isWanted(options, 'history');
  const owners = { buyer: await makeOwner(database), seller };
  if (isHistory) progress(`making ${options.receipts} receipts`);
  const reconcile = reconcileCommand(market.environment('accounts'));
  const history = isHistory
    ? await measureHistory(database, owners, options.receipts, reconcile)
    : undefined;
  const violations = await database.query<{ text: string }>(
    "SELECT violation || ' ' || subject || ': ' || detail AS text FROM ledger_violations",
  );
  const report: LedgerReport = {
    ...{ date: new Date().toISOString().slice(0, 10), machine, options, disturbance, history },
    ...figures,
    violations: violations.rows.map(({ text }) => text),
  };
  const text = ledgerMarkdown(report);
  if (report.violations.length > 0) throw new Error(`${text}\n\n${report.violations.join('\n')}`);
  if (!options.isQuick && options.only === undefined)
    await writeBetweenMarks(inRepository('docs/benchmarks.md'), 'ledger measured', text);
  door.close();
  await database.end();
  await market.stop();
  return options.isJson ? JSON.stringify(report, null, 2) : text;
}

function isWanted({ only }: LedgerBenchOptions, part: LedgerPart): boolean {
  return only?.includes(part) ?? true;
}

async function startLedgerMarket(
  { profileFolder }: LedgerBenchOptions,
  folder: string,
  onProgress: Progress,
): Promise<Market> {
  const dataDir = join(folder, 'market');
  await mkdir(dataDir);
  const accounts = {
    // The history is made of days that are over: they are not to be sealed while they are still filled.
    ACCOUNTS_RECONCILE_INTERVAL_MS: '86400000',
    ...(profileFolder !== undefined && {
      NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profileFolder}`,
    }),
  };
  return startMarket({ dataDir, onProgress, serviceEnv: { accounts } });
}

function pidsOf({ services, servers }: Market): readonly number[] {
  const all = [...Object.values(services), ...Object.values(servers)];
  return all.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
}

async function measureDoor(bench: Bench, progress: Progress) {
  const { options } = bench;
  const { callsMax: lanes, warmUpMs, measureMs } = options;
  const pace = { lanes, warmUpMs, measureMs };
  const isPairs = isWanted(options, 'pairs');
  const manyPairsPerS = isPairs ? await closedLoop(pace, pairOf(bench, bench.buyers)) : undefined;
  if (isPairs) progress(`many wallets: ${manyPairsPerS?.toFixed(0)} pairs/s`);
  const onePairsPerS = isPairs
    ? await closedLoop(pace, pairOf(bench, bench.buyers.slice(0, 1)))
    : undefined;
  if (isPairs) progress(`one wallet: ${onePairsPerS?.toFixed(0)} pairs/s`);
  const leasedPerS = isWanted(options, 'leases') ? await measureLeases(bench) : undefined;
  if (leasedPerS !== undefined) progress(`leases: ${leasedPerS.toFixed(0)} requests/s`);
  const { ratePerS, latencyMs: durationMs } = options;
  const authorise = () => bench.door.authorise(authoriseOf(anyOf(bench.buyers), bench.seller));
  const latency = isWanted(options, 'latency')
    ? await atRest(bench.database).then(() => openLoop({ ratePerS, durationMs }, authorise))
    : undefined;
  if (latency) progress(`authorise: p99 ${latency.p99.toFixed(1)} ms at ${ratePerS}/s`);
  return { manyPairsPerS, onePairsPerS, leasedPerS, latency };
}

/** What was settled before is still being told: that is no part of what comes next. */
async function atRest(database: Pool): Promise<void> {
  const deadlineMs = Date.now() + restMsMax;
  for (;;) {
    const { rows } = await database.query<{ tells: boolean }>(
      'SELECT EXISTS (SELECT FROM outbox WHERE published_at IS NULL) AS tells',
    );
    if (rows[0]?.tells === false) return;
    if (Date.now() > deadlineMs) throw new Error('The outbox does not come to its end.');
    await delay(restPollMs);
  }
}

const restMsMax = 60_000;
const restPollMs = 50;

function pairOf({ door, seller }: Bench, buyers: readonly BenchOwner[]) {
  return async () => {
    const request = authoriseOf(anyOf(buyers), seller);
    await door.authorise(request);
    await door.settle(settleOf(request, null));
  };
}

/** What a gateway sends for requests that routers have paid from leases: reports only, many in a call. */
async function measureLeases(bench: Bench): Promise<number> {
  const { door, options, secret, seller, buyers } = bench;
  const leases = await Promise.all(
    buyers.map(async ({ ownerId, apiTokenId }) => {
      const leaseId = `lease_${randomBytes(16).toString('hex')}`;
      await door.openLease({
        ...{ type: 'open-lease', leaseId, holder: 'bench', ownerId, apiTokenId },
        ...{ wanted: '1000000000000000', slots: 1_000, concurrencyMax: 1_000_000 },
        expiresAtMs: Date.now() + 600_000,
      });
      return leaseId;
    }),
  );
  const report = () => {
    const place = Math.floor(Math.random() * buyers.length);
    const request = authoriseOf(buyers[place] ?? anyOf(buyers), seller);
    return settleOf(request, ticketOf(request, leases[place] ?? '', secret));
  };
  const { reportsPerCall, warmUpMs, measureMs } = options;
  const call = () => {
    const settlements = Array.from({ length: reportsPerCall }, report);
    return door.prepareSettleAll({ type: 'settle-all', settlements });
  };
  const enough = ((warmUpMs + measureMs) / 1_000) * (preparedPerS / reportsPerCall);
  const prepared = Array.from({ length: enough }, call);
  const pace = { lanes: leasedLanes, warmUpMs, measureMs };
  const callsPerS = await closedLoop(pace, () => door.settleAll(prepared.pop() ?? call()));
  return callsPerS * reportsPerCall;
}

/** Reports that are made before the clock starts: a router has sealed their tickets long before, on its own machine. */
const preparedPerS = 12_000;

/** Gateways with a call each under way. */
const leasedLanes = 6;

function anyOf(buyers: readonly BenchOwner[]): BenchOwner {
  const buyer = buyers[Math.floor(Math.random() * buyers.length)];
  if (!buyer) throw new Error('There is no buyer.');
  return buyer;
}
