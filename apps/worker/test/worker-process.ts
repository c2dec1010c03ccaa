import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type MarketSession, ScriptedMarket } from './scripted-market.js';

export const workerMain = fileURLToPath(new URL('../dist/main.js', import.meta.url));
export const secret = 'aisbf_reg_do-not-show';

const running: { child: ChildProcess; market: ScriptedMarket }[] = [];

/** To be called after each test. */
export async function endProcesses(): Promise<void> {
  for (const { child, market } of running.splice(0)) {
    child.kill('SIGKILL');
    await market.close();
  }
}

export type Scene = Readonly<{
  child: ChildProcess;
  market: ScriptedMarket;
  session: MarketSession;
  exit: Promise<number | null>;
  output: () => string;
}>;

/** Starts the built worker as a process of its own, on a market of its own. */
export async function launch(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  marketUrl: (market: ScriptedMarket) => readonly string[] = (market) => ['--market', market.url],
): Promise<Scene> {
  const market = await ScriptedMarket.start();
  const identity = ['--username', 'ann', '--provider', 'box'];
  const all = [workerMain, ...marketUrl(market), ...identity, ...args];
  const child = spawn(process.execPath, all, {
    env: { WORKER_REGISTRATION_TOKEN: secret, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.push({ child, market });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
  }
  const exit = once(child, 'close').then(([code]) => code as number | null);
  const session = await market.session(0);
  await session.op('heartbeat');
  return { child, market, session, exit, output: () => text };
}
