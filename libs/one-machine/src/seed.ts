import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readKept, writeKept } from './kept-file.js';
import { asOperator, type Management } from './management.js';
import type { Market } from './market.js';
import { startWorker, type WorkerProcess } from './worker-process.js';

/** What the first run of a market leaves behind, and what of it runs. */
export type FirstRun = Readonly<{
  operatorApiToken: string;
  /** With what to buy, where there is something to buy. */
  buyer: Readonly<{ apiToken: string; model: string }>;
  /** The seller's machine, of which the caller takes care from here on. */
  worker: WorkerProcess;
}>;

/** Secrets are shown once, so that the first run keeps what later ones need. */
type Kept = Readonly<{ buyerApiToken: string; registrationToken: string }>;

const sellerName = 'seller';
const buyerName = 'buyer';
const providerName = 'demo';
const rotationName = 'demo';

/** Ten dollars: enough for days of trying at demo prices. Always the same grant, so that it is given once. */
const testCredit = { amount: 10_000_000_000n, grantId: 'f1f1f1f1-0000-4000-8000-000000000001' };

/** Nano-dollars per million tokens: ten cents in, thirty out. */
const demoPrices = { prompt: 100_000_000n, completion: 300_000_000n };
const demoModels = ['demo-small', 'demo-large'];

/** The worker's models travel over the bus to the router. */
const buyableMsMax = 15_000;

/** Makes an empty market one in which one can buy; does nothing that an earlier run has done. */
export async function seedFirstRun(market: Market): Promise<FirstRun> {
  const operator = await asOperator(market.url, market.operatorTokenFile);
  const path = join(market.dataDir, 'first-run.json');
  const kept = (await keptFirstRun(operator, path)) ?? (await makeFirstRun(operator, path));
  const worker = await startWorker({
    clientId: 'demo-1',
    marketUrl: market.url,
    username: sellerName,
    provider: providerName,
    registrationToken: kept.registrationToken,
    dataDir: market.dataDir,
  });
  const model = `rotation/${rotationName}`;
  await waitUntilBuyable(market.url, kept.buyerApiToken, model);
  const buyer = { apiToken: kept.buyerApiToken, model };
  return { operatorApiToken: operator.apiToken, buyer, worker };
}

/** What an earlier run kept, unless the market has another database by now, which knows nothing of it. */
async function keptFirstRun(operator: Management, path: string): Promise<Kept | undefined> {
  const kept = await readKept<Kept>(path);
  return kept && (await operator.as(kept.buyerApiToken).isKnown()) ? kept : undefined;
}

/** Each step may have been done by a run that broke off, and is then not done again. */
async function makeFirstRun(operator: Management, path: string): Promise<Kept> {
  await operator.ensureUser(sellerName);
  await operator.ensureUser(buyerName);
  const seller = operator.as(await operator.createApiToken(sellerName, ['manage', 'usage']));
  const { providerId, registrationToken } = await seller.ensureWorkerProvider(providerName);
  for (const model of demoModels) await seller.putListing(providerId, model, demoPrices);
  await operator.putRotation(
    rotationName,
    demoModels.map((model) => ({ providerId, model })),
  );
  await operator.grant(buyerName, testCredit.amount, testCredit.grantId);
  const buyerApiToken = await operator.createApiToken(buyerName, ['inference', 'usage']);
  const kept = { buyerApiToken, registrationToken };
  await writeKept(path, kept);
  return kept;
}

async function waitUntilBuyable(url: string, apiToken: string, model: string): Promise<void> {
  const deadlineMs = Date.now() + buyableMsMax;
  const headers = { authorization: `Bearer ${apiToken}` };
  for (;;) {
    const response = await fetch(`${url}/v1/models`, { headers });
    if ((await response.text()).includes(`"${model}"`)) return;
    if (Date.now() > deadlineMs) {
      throw new Error(
        `${model} is not on sale after ${buyableMsMax / 1_000} s (${response.status}).`,
      );
    }
    await delay(50);
  }
}
