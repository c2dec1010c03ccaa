import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { natsUrl, until } from '@aisbf/testkit';
import { internalSecret } from './broker-stage.js';

const main = new URL('../dist/main.js', import.meta.url).pathname;
/** A process is started, on a machine that may be busy. */
export const processMsMax = 90_000;

/** The broker as a process of its own. */
export type BrokerProcess = Readonly<{
  url: string;
  child: ChildProcess;
  /** All that it has written so far. */
  text: () => string;
  /** Its exit code; null where a signal has ended it. */
  exited: Promise<number | null>;
  kill: () => Promise<void>;
}>;

/** Starts `dist/main.js` and waits until it is open. */
export async function startBrokerProcess(
  peersUrl: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<BrokerProcess> {
  const env = {
    AISBF_INTERNAL_SECRET: internalSecret,
    AISBF_NATS_URL: await natsUrl(),
    BROKER_HTTP_PORT: '0',
    BROKER_ROUTER_URL: peersUrl,
    BROKER_ACCOUNTS_URL: peersUrl,
    ...settings,
  };
  const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const output: string[] = [];
  child.stdout.on('data', (part) => output.push(String(part)));
  child.stderr.on('data', (part) => output.push(String(part)));
  const text = () => output.join('');
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  const left = exited.then(() => {
    throw new Error(`the broker has left: ${text()}`);
  });
  left.catch(() => undefined);
  const opened = until(() => /"url":"([^"]+)"/.exec(text())?.[1], { timeoutMs: processMsMax });
  opened.catch(() => undefined);
  const url = await Promise.race([opened, left]);
  const kill = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  return { url, child, text, exited, kill };
}
