import { endpointPaths, type OpenAiEndpoint } from '@aisbf/contracts';
import { inRepository, throwAwayFolder } from '@aisbf/one-machine';
import { DisturbanceWatch } from '../disturbance.js';
import { Ledger } from '../ledger.js';
import { thisMachine } from '../machine.js';
import { writeBetweenMarks } from '../marked-page.js';
import { hostedModel, marketTargets, openMarket, workerModel } from '../market-targets.js';
import { mockModel } from '../mock-answer.js';
import { directTarget, startFloor, startMock } from '../plain-targets.js';
import type { Target } from '../target.js';
import type { EndpointBenchOptions, EndpointPart } from './endpoint-bench-options.js';
import { download, type EndpointKind, kinds, uploadOf } from './endpoint-kind.js';
import {
  type FirstWordFigures,
  type KindFigures,
  type MemoryFigures,
  measureFirstWord,
  measureKind,
  measureMemory,
  warmUp,
} from './endpoint-measurement.js';
import { type EndpointReport, endpointMarkdown } from './endpoint-report.js';
import type { Way } from './way.js';

type Progress = (step: string) => void;
/** Direct comes first: all others are compared with it. */
type Ways = Readonly<{ direct: Way; floor: Way; hosted: Way; worker: Way }>;

const endpoints: readonly OpenAiEndpoint[] = [
  'chat.completions',
  'embeddings',
  'audio.transcriptions',
  'audio.speech',
];
/** A worker is sent a body in one piece, base64 and all. */
const workerUploadBytes = 24_000_000;
const hostedUploadBytes = 100_000_000;

/** Starts everything, measures it, and leaves nothing but what it says; throws where a figure would be a lie. */
export async function runEndpointBench(
  options: EndpointBenchOptions,
  progress: Progress,
): Promise<string> {
  const machine = thisMachine();
  const { path: folder } = await throwAwayFolder();
  const mock = await startMock(folder, 'endpoints/endpoint-upstream');
  const { buyers, profileFolder } = options;
  const opened = await openMarket(mock, {
    ...{ folder, buyers, profileFolder, onProgress: progress },
    otherPrices: { audio_second: '1000', request: '1000' },
    workerEndpoints: endpoints.map((name) => `v1${endpointPaths[name]}`).join(','),
  });
  const ledger = new Ledger(opened.market.databaseUrl);
  const [hosted, worker] = marketTargets(opened, ledger);
  if (!hosted || !worker) throw new Error('There is no market to measure.');
  const buyerOf = (connection: number) =>
    opened.apiTokens[connection % opened.apiTokens.length] ?? '';
  const ways: Ways = {
    direct: toWay(directTarget(mock), mockModel),
    floor: toWay(await startFloor(mock, folder), mockModel),
    hosted: toWay(hosted, hostedModel, buyerOf),
    worker: toWay(worker, workerModel, buyerOf),
  };
  const pids = [ways.floor, ways.worker].flatMap(({ processes }) =>
    processes.map(({ pid }) => pid),
  );
  const watch = await DisturbanceWatch.begin([...pids, ...(mock.pid ? [mock.pid] : [])]);
  const bench = new EndpointBench(ways, options, progress);
  await bench.run();
  const report: EndpointReport = {
    ...{ date: new Date().toISOString().slice(0, 10), machine, options },
    ...{ figures: bench.figures(), bought: bench.bought },
    disturbance: await watch.soFar(),
    ledger: await ledger.verdict(),
  };
  await ledger.close();
  const text = endpointMarkdown(report);
  const complaints = [...bench.failures, ...complaintsOf(report)];
  if (complaints.length > 0) throw new Error(`${text}\n\n${complaints.join('\n')}`);
  if (!options.isQuick && options.only === undefined) {
    await writeBetweenMarks(inRepository('docs/benchmarks.md'), 'endpoints measured', text);
  }
  await opened.worker.stop();
  await opened.market.stop();
  return options.isJson ? JSON.stringify(report, null, 2) : text;
}

function toWay(
  { title, address, processes, settled }: Target,
  model: string,
  apiTokenOf: Way['apiTokenOf'] = () => 'bench',
): Way {
  return { title, address, model, apiTokenOf, processes, settled: settled ?? (async () => {}) };
}

/** What the books say against the measurement. */
function complaintsOf({ bought, ledger }: EndpointReport): readonly string[] {
  const { charged, violations } = ledger;
  return [
    ...(charged === bought ? [] : [`${bought} good answers, but ${charged} charged requests.`]),
    ...violations.map((violation) => `The ledger is violated: ${violation}`),
  ];
}

/** By the ways' titles. */
type ByWay<Figures> = Map<string, Figures>;

class EndpointBench {
  readonly failures: string[] = [];
  /** Good answers that the market gave, warm-ups included. */
  bought = 0;
  readonly #byKind = new Map<EndpointKind, ByWay<KindFigures[]>>();
  readonly #firstWord: ByWay<FirstWordFigures> = new Map();
  readonly #memory: { way: string; kind: string; figures: MemoryFigures }[] = [];

  constructor(
    private readonly ways: Ways,
    private readonly options: EndpointBenchOptions,
    private readonly progress: Progress,
  ) {}

  async run(): Promise<void> {
    if (this.isWanted('kinds')) for (const kind of kinds) await this.measureKinds(kind);
    if (this.isWanted('first-word')) await this.measureFirstWords();
    if (this.isWanted('memory')) await this.measureMemories();
  }

  figures(): EndpointReport['figures'] {
    const byKind = [...this.#byKind].map(([{ title, connections }, byWay]) => ({
      ...{ title, connections },
      ways: [...byWay].map(([way, rounds]) => ({ way, rounds })),
    }));
    const firstWord = [...this.#firstWord].map(([way, { firstWord }]) => ({ way, firstWord }));
    return { byKind, firstWord, memory: this.#memory };
  }

  /** All ways in turn, round after round, so that a slow moment of the machine meets each of them. */
  private async measureKinds(kind: EndpointKind): Promise<void> {
    const ways = Object.values(this.ways);
    const byWay: ByWay<KindFigures[]> = new Map(ways.map(({ title }) => [title, []]));
    this.#byKind.set(kind, byWay);
    for (const way of ways) this.note(way, kind, await warmUp(way, kind, this.options));
    for (let round = 0; round < this.options.rounds; round += 1) {
      for (const way of ways) {
        const figures = await measureKind(way, kind, this.options);
        this.note(way, kind, figures);
        byWay.get(way.title)?.push(figures);
      }
    }
    this.progress(kind.title);
  }

  private async measureFirstWords(): Promise<void> {
    for (const way of Object.values(this.ways)) {
      const figures = await measureFirstWord(way, this.options);
      this.note(way, { name: 'first-word' }, figures);
      this.#firstWord.set(way.title, figures);
    }
    this.progress('first words');
  }

  private async measureMemories(): Promise<void> {
    const { floor, hosted, worker } = this.ways;
    for (const [way, kind] of [
      [floor, uploadOf(hostedUploadBytes)],
      [hosted, uploadOf(hostedUploadBytes)],
      [worker, uploadOf(workerUploadBytes)],
      [floor, download],
      [hosted, download],
      [worker, download],
    ] as const) {
      const figures = await measureMemory(way, kind, this.options.bodyTimes);
      this.note(way, kind, figures);
      this.#memory.push({ way: way.title, kind: kind.title, figures });
    }
    this.progress('memory');
  }

  private isWanted(part: EndpointPart): boolean {
    return this.options.only?.includes(part) ?? true;
  }

  private note(
    way: Way,
    { name }: Pick<EndpointKind, 'name'>,
    { successes, failures }: Readonly<{ successes: number; failures: readonly string[] }>,
  ): void {
    if (way === this.ways.hosted || way === this.ways.worker) this.bought += successes;
    const different = new Set(failures);
    for (const failure of different) {
      const count = failures.filter((one) => one === failure).length;
      this.failures.push(`${name} by ${way.title} failed: ${failure}, ${count} times`);
    }
  }
}
