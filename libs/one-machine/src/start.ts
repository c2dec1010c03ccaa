/**
 * The start command: a whole market on this machine, until Ctrl-C.
 */
import { performance } from 'node:perf_hooks';
import { takeDataFolder } from './data-folder.js';
import { guard } from './guard.js';
import { keepRunning } from './keep-running.js';
import { rememberPort } from './kept-ports.js';
import { type Market, startMarket } from './market.js';
import { type FirstRun, seedFirstRun } from './seed.js';
import { edgePorts, startOptions } from './start-options.js';

/** One Ctrl-C arrives here from the terminal, from npm and from the bootstrap. */
const sameSignalMs = 500;

/** The clock of whoever started us, so that the seconds shown go on. */
const startedMs = Number(process.env.AISBF_STARTED_MS) || performance.timeOrigin;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function progress(step: string): void {
  const seconds = ((Date.now() - startedMs) / 1_000).toFixed(1);
  say(`${seconds.padStart(6)} s  ${step}`);
}

/** What there is to stop, as far as it has come. */
let running: { market: Market; firstRun: FirstRun; release: () => void } | undefined;
let isStopping = false;

async function stop(exitCode: number): Promise<void> {
  isStopping = true;
  if (running !== undefined) {
    running.release();
    await running.firstRun.worker.stop();
    await running.market.stop();
  }
  // What was still starting.
  await guard.end();
  process.exit(exitCode);
}

function stopOnSignal(): void {
  let firstMs = 0;
  const onSignal = (): void => {
    if (!isStopping) {
      firstMs = Date.now();
      say('\nStopping …');
      stop(0).then(
        () => undefined,
        (error: unknown) => fail(error),
      );
    } else if (Date.now() - firstMs > sameSignalMs) {
      // The guard kills what is left.
      guard.hurry();
      process.exit(1);
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
}

function fail(error: unknown): void {
  // What follows from being stopped is no news.
  if (!isStopping) process.stderr.write(`\n${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}

function announce(market: Market, firstRun: FirstRun): void {
  const seconds = ((Date.now() - startedMs) / 1_000).toFixed(1);
  const rows: readonly (readonly [string, string])[] = [
    ['Buy (OpenAI API)', `${market.url}/v1`],
    ['Sell (workers)', `${market.url}/api/coderai`],
    ['Account', `${market.url}/api/account`],
    ['Catalogue', `${market.url}/api/catalog`],
    ['Operator token', firstRun.operatorApiToken],
    ['Buyer token', firstRun.buyer.apiToken],
    ['Data and logs', market.dataDir],
  ];
  say(`\nAISBF is ready after ${seconds} s.\n`);
  for (const [name, value] of rows) say(`  ${name.padEnd(18)}${value}`);
  say(`\nBuy something:\n\n${curl(market.url, firstRun.buyer)}`);
  say('\nCtrl-C stops it; everything is kept for the next start.\n');
}

function curl(url: string, { apiToken, model }: FirstRun['buyer']): string {
  const body = { model, messages: [{ role: 'user', content: 'Hello!' }], stream: true };
  return [
    `  curl -N ${url}/v1/chat/completions \\`,
    `    -H 'authorization: Bearer ${apiToken}' \\`,
    `    -H 'content-type: application/json' \\`,
    `    -d '${JSON.stringify(body)}'`,
  ].join('\n');
}

async function main(): Promise<void> {
  const options = startOptions(process.env);
  await takeDataFolder(options.dataDir);
  const edgePort = await edgePorts(options);
  const market = await startMarket({ ...options, edgePort, onProgress: progress });
  await rememberPort(market.dataDir, 'edge', market.edge.port);
  const firstRun = await seedFirstRun(market);
  const { services, servers } = market;
  const daemons = Object.values(servers).flatMap(({ daemon }) => daemon ?? []);
  const release = keepRunning({
    parts: [...daemons, ...Object.values(services), firstRun.worker],
    report: progress,
    giveUp: (reason) => {
      process.stderr.write(`\n${reason}\n`);
      void stop(1);
    },
  });
  running = { market, firstRun, release };
  announce(market, firstRun);
}

stopOnSignal();
await main().catch(async (error: unknown) => {
  fail(error);
  // A signal that came while it started has the last word.
  if (isStopping) return;
  await guard.end();
  process.exit();
});
