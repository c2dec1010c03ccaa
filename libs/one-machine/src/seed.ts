import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Market } from './market.js';

/** What the first run of a market leaves behind, and what of it runs. */
export type FirstRun = Readonly<{
  operatorApiToken: string;
  /** With what to buy, where there is something to buy. */
  buyer: Readonly<{ apiToken: string; model: string }> | undefined;
  /** Ends the seller's machine that it started. */
  stop: () => Promise<void>;
}>;

/** The service writes it before it is ready, or has written it in an earlier run. */
const tokenMsMax = 5_000;

/** Makes an empty market one in which one can buy; does nothing that an earlier run has done. */
export async function seedFirstRun(market: Market): Promise<FirstRun> {
  const operatorApiToken = await operatorToken(market.operatorTokenFile);
  return { operatorApiToken, buyer: undefined, stop: () => Promise.resolve() };
}

async function operatorToken(path: string): Promise<string> {
  const deadlineMs = Date.now() + tokenMsMax;
  for (;;) {
    try {
      return (await readFile(path, 'utf8')).trim();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || Date.now() > deadlineMs)
        throw error;
      await delay(50);
    }
  }
}
