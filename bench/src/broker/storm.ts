import { performance } from 'node:perf_hooks';
import type { BrokerMarket } from './broker-market.js';
import { awaitRoutable, type Fleet } from './idle.js';
import { type LoopDelay, loopDelayOf, metricOf, scrape } from './metrics-text.js';
import type { StatementCount } from './statement-log.js';

/** What came of cutting off all workers at once. */
export type StormResult = Readonly<{
  sessions: number;
  /** From the cut until the broker's successor was ready. */
  brokerBackMs: number;
  /** From the cut until the router would have given a request to every worker. */
  allBackMs: number;
  attempts: number;
  refusals: Readonly<Record<string, number>>;
  statements: StatementCount;
  statementsPerS: number;
  loopDelay: LoopDelay;
}>;

/** Far past the target, so that a miss has a size. */
const backMsMax = 300_000;

/**
 * Kills the broker under all its sessions and starts it again. Each worker comes back by its own backoff, of
 * which no chance is part: all of them knock at the same moments.
 */
export async function storm(
  { market, statements }: BrokerMarket,
  fleet: Fleet,
  sessions: number,
): Promise<StormResult> {
  const { broker, router } = market.services;
  await statements.begin();
  await fleet.call('state', null);
  const fromMs = Date.now();
  const cutMs = performance.now();
  await broker.kill();
  await broker.restart();
  const brokerBackMs = performance.now() - cutMs;
  await awaitRoutable(router.url, sessions, backMsMax);
  const allBackMs = performance.now() - cutMs;
  const toMs = Date.now();
  await statements.end();
  const text = await scrape(broker.url);
  const held = metricOf(text, 'aisbf_broker_sessions');
  if (held !== sessions) throw new Error(`The broker holds ${held} of ${sessions} after a storm.`);
  const { registered, attempts, refusals } = await fleet.call('state', null);
  if (registered !== sessions) {
    throw new Error(`${registered} of ${sessions} workers say after a storm that they are back.`);
  }
  const counted = await statements.count(fromMs, toMs);
  return {
    ...{ sessions, brokerBackMs, allBackMs, attempts, refusals },
    statements: counted,
    statementsPerS: (counted.total * 1_000) / (toMs - fromMs),
    loopDelay: loopDelayOf(text),
  };
}
