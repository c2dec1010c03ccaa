import { inRepository, throwAwayFolder } from '@aisbf/one-machine';
import type { BenchOptions } from './bench-options.js';
import { DisturbanceWatch } from './disturbance.js';
import { Ledger } from './ledger.js';
import { thisMachine } from './machine.js';
import { writeBetweenMarks } from './marked-page.js';
import { marketTargets, openMarket } from './market-targets.js';
import { type Measured, measure, type Plan, warmUp } from './measurement.js';
import { directTarget, startFloor, startMock, startNginx, startPortkey } from './plain-targets.js';
import { markdown, type Report } from './report.js';
import { summarise } from './summary.js';
import { isSkipped, type Target, type TargetName } from './target.js';

/** Starts everything, measures it, and leaves nothing but what it says; throws where a figure would be a lie. */
export async function runBench(
  options: BenchOptions,
  progress: (step: string) => void,
): Promise<string> {
  const machine = thisMachine();
  const folder = await throwAwayFolder();
  const { path } = folder;
  progress('starting a market and what it is compared with');
  const mock = await startMock(path);
  const { buyers, profileFolder } = options;
  const opened = await openMarket(mock, {
    ...{ folder: path, buyers, profileFolder, onProgress: progress },
  });
  const ledger = new Ledger(opened.market.databaseUrl);
  const ours = marketTargets(opened, ledger);
  const started = [
    directTarget(mock),
    await startNginx(mock, path),
    await startFloor(mock, path),
    ...ours,
    await startPortkey(mock, path),
  ].filter(({ name }) => name === 'direct' || (options.only?.includes(name) ?? true));
  const targets = started.flatMap((target) => (isSkipped(target) ? [] : [target]));
  const skipped = started.filter(isSkipped);

  const bench = new Rounds(targets, options, progress);
  const ratePerS = await bench.warmUpAll();
  const processes = targets.flatMap((target) => target.processes.map(({ pid }) => pid));
  const watch = await DisturbanceWatch.begin([
    ...new Set([...processes, ...(mock.pid ? [mock.pid] : [])]),
  ]);
  await bench.measureAll(ratePerS);
  const disturbance = await watch.soFar();

  const { rounds, connections } = options;
  const report: Report = {
    ...{ date: new Date().toISOString().slice(0, 10), machine, rounds, connections },
    ...{ buyers, ratePerS, disturbance },
    summaries: bench.summaries(),
    skipped,
    bought: bench.successesOf(ours.map(({ name }) => name)),
    ledger: await ledger.verdict(),
  };
  await ledger.close();
  const complaints = [...bench.failures(), ...complaintsOf(report)];
  if (complaints.length > 0) throw new Error(`${markdown(report)}\n\n${complaints.join('\n')}`);
  if (!options.isQuick && options.only === undefined)
    await writeBetweenMarks(inRepository('docs/benchmarks.md'), 'measured', markdown(report));
  await opened.worker.stop();
  await opened.market.stop();
  return options.isJson
    ? JSON.stringify({ ...report, rounds: Object.fromEntries(bench.measured) }, null, 2)
    : markdown(report);
}

/** What the books say against the measurement. */
function complaintsOf({ bought, ledger }: Report): readonly string[] {
  const { charged, others, violations } = ledger;
  return [
    ...(charged === bought ? [] : [`${bought} good answers, but ${charged} charged requests.`]),
    ...Object.entries(others).map(([outcome, count]) => `${count} requests ended as ${outcome}.`),
    ...violations.map((violation) => `The ledger is violated: ${violation}`),
  ];
}

/** All targets in turn, round after round, so that a slow minute of the machine meets each of them. */
class Rounds {
  readonly measured = new Map<TargetName, Measured[]>();
  readonly #successes = new Map<TargetName, number>();
  readonly #failures = new Map<string, number>();

  constructor(
    private readonly targets: readonly Target[],
    private readonly options: BenchOptions,
    private readonly progress: (step: string) => void,
  ) {}

  /** Also finds the rate of the open loop, which is the same for all and which the slowest must bear. */
  async warmUpAll(): Promise<number> {
    const rates: number[] = [];
    for (const target of this.targets) {
      const perS = await this.#warmUp(target);
      rates.push(perS);
      this.progress(`${target.name} is warm (${Math.round(perS)} requests/s)`);
    }
    const { ratePerSMax } = this.options;
    return Math.max(1, Math.floor(Math.min(ratePerSMax, Math.min(...rates) / 2)));
  }

  async measureAll(ratePerS: number): Promise<void> {
    const plan: Plan = { ...this.options, ratePerS };
    for (let round = 0; round < this.options.rounds; round += 1) {
      // Each round begins with another, so that none always comes after the same neighbour's heat.
      const first = round % this.targets.length;
      const order = [...this.targets.slice(first), ...this.targets.slice(0, first)];
      for (const target of order) {
        const measured = await measure(target, plan);
        this.#count(target, measured);
        this.measured.set(target.name, [...(this.measured.get(target.name) ?? []), measured]);
      }
      this.progress(`round ${round + 1} of ${this.options.rounds}`);
    }
  }

  summaries() {
    const all = this.targets.map(({ name, title }) => ({
      ...{ name, title },
      rounds: this.measured.get(name) ?? [],
    }));
    const direct = all.find(({ name }) => name === 'direct');
    return direct === undefined ? [] : all.map((target) => summarise(target, direct));
  }

  successesOf(names: readonly TargetName[]): number {
    return names.reduce((sum, name) => sum + (this.#successes.get(name) ?? 0), 0);
  }

  failures(): readonly string[] {
    return [...this.#failures].map(([what, count]) => `${what}, ${count} times`);
  }

  /** Compilers need requests rather than time: on a busy machine it takes longer. */
  async #warmUp(target: Target): Promise<number> {
    const { connections, warmUpMs, warmUpRequests } = this.options;
    let perS = 0;
    let requests = 0;
    for (let turn = 0; turn < 3 && (turn === 0 || requests < warmUpRequests); turn += 1) {
      const result = await warmUp(target, connections, warmUpMs);
      this.#count(target, result);
      ({ perS } = result);
      requests += result.successes;
    }
    return perS;
  }

  #count(
    { name }: Target,
    { successes, failures }: Readonly<{ successes: number; failures: readonly string[] }>,
  ): void {
    this.#successes.set(name, (this.#successes.get(name) ?? 0) + successes);
    for (const failure of failures) {
      const what = `${name} failed: ${failure}`;
      this.#failures.set(what, (this.#failures.get(what) ?? 0) + 1);
    }
  }
}
