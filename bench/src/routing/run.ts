import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { inRepository, startMarket, throwAwayFolder } from '@aisbf/one-machine';
import { CalledProgram } from '../broker/program-calls.js';
import { DisturbanceWatch } from '../disturbance.js';
import { thisMachine } from '../machine.js';
import { writeBetweenMarks } from '../marked-page.js';
import { catalogueSpread } from './catalogue-spread.js';
import { failover } from './failover.js';
import type { SizeFigures } from './market-size.js';
import type { PlannerCommands } from './planner.js';
import type { ReaderCommands } from './prompt-reader.js';
import type { RoutingBenchOptions, RoutingPart } from './routing-bench-options.js';
import { type RoutingReport, routingMarkdown } from './routing-report.js';

type Progress = (step: string) => void;

/** Measures what it is asked for, and leaves nothing but what it says. */
export async function runRoutingBench(
  options: RoutingBenchOptions,
  progress: Progress,
): Promise<string> {
  const machine = thisMachine();
  const { disturbance, ...inMemory } = await measureInMemory(options, progress);
  const report: RoutingReport = {
    ...{ date: new Date().toISOString().slice(0, 10), machine, disturbance },
    ...inMemory,
    ...(await measureMarket(options, progress)),
  };
  const text = routingMarkdown(report);
  if (!options.isQuick && options.only === undefined) {
    await writeBetweenMarks(inRepository('docs/benchmarks.md'), 'routing measured', text);
  }
  return options.isJson ? JSON.stringify(report, null, 2) : text;
}

function isWanted({ only }: RoutingBenchOptions, part: RoutingPart): boolean {
  return only?.includes(part) ?? true;
}

/** In processes of their own: what else this one holds in memory says nothing. */
async function measureInMemory(options: RoutingBenchOptions, progress: Progress) {
  const times = { warmUp: options.warmUp, count: options.count };
  const planner = await startPlanner(options);
  const watch = await DisturbanceWatch.begin([planner.pid]);
  const plans = isWanted(options, 'plan') ? await planner.call('plan', times) : undefined;
  if (plans) progress(`plans: p99 ${plans[0]?.plan.quietUs.p99.toFixed(0)} µs`);
  const isSelected = isWanted(options, 'autoselect');
  const selections = isSelected ? await planner.call('select', times) : undefined;
  const disturbance = await watch.soFar();
  await planner.stop();
  const signals = isSelected ? await measureSignals(options) : undefined;
  if (selections)
    progress(`autoselect: p99 ${selections.at(-1)?.timing.quietUs.p99.toFixed(0)} µs`);
  const sizes: SizeFigures[] = [];
  for (const workers of isWanted(options, 'workers') ? options.workers : []) {
    // Alone, so that its memory is that of this market.
    const alone = await startPlanner(options);
    const size = await alone.call('size', { workers, times });
    await alone.stop();
    progress(`${workers} workers: ${size.kbEach.toFixed(2)} KB each`);
    sizes.push(size);
  }
  return { disturbance, plans, signals, selections, sizes: sizes.length > 0 ? sizes : undefined };
}

function startPlanner(options: RoutingBenchOptions): Promise<CalledProgram<PlannerCommands>> {
  return CalledProgram.start('routing/planner', [], profiling(options));
}

async function measureSignals(options: RoutingBenchOptions) {
  const { warmUp, count } = options;
  const reader = await CalledProgram.start<ReaderCommands>(
    'routing/prompt-reader',
    [],
    profiling(options),
  );
  const signals = await reader.call('signals', { warmUp, count });
  await reader.stop();
  return signals;
}

function profiling({ profileFolder }: RoutingBenchOptions): readonly string[] {
  return profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`];
}

/** With a real market. */
async function measureMarket(options: RoutingBenchOptions, progress: Progress) {
  const [isFailover, isSpread] = [isWanted(options, 'failover'), isWanted(options, 'catalogue')];
  if (!isFailover && !isSpread) return { failovers: undefined, spread: undefined };
  const { path } = await throwAwayFolder();
  const dataDir = join(path, 'market');
  await mkdir(dataDir);
  const market = await startMarket({ dataDir, onProgress: progress });
  const { failovers: rounds, failoverWarmUp: warmUp, changes } = options;
  const failovers = isFailover ? await failover(market, { rounds, warmUp }) : undefined;
  if (failovers) progress('failover measured');
  const spread = isSpread ? await catalogueSpread(market, changes) : undefined;
  if (spread) progress(`changes: p99 ${spread.served.p99.toFixed(0)} ms`);
  await market.stop();
  return { failovers, spread };
}
