import { type Disturbance, disturbanceLines } from '../disturbance.js';
import type { LedgerVerdict } from '../ledger.js';
import { type Machine, machineText } from '../machine.js';
import { decimal, table, whole } from '../markdown-table.js';
import { median, type Quantiles } from '../statistics.js';
import type { EndpointBenchOptions } from './endpoint-bench-options.js';
import type { KindFigures, MemoryFigures } from './endpoint-measurement.js';

export type EndpointReport = Readonly<{
  date: string;
  machine: Machine;
  options: EndpointBenchOptions;
  disturbance: Disturbance | undefined;
  figures: Readonly<{
    /** The direct way comes first in each. */
    byKind: readonly Readonly<{
      title: string;
      connections: number;
      ways: readonly Readonly<{ way: string; rounds: readonly KindFigures[] }>[];
    }>[];
    firstWord: readonly Readonly<{ way: string; firstWord: Quantiles }>[];
    memory: readonly Readonly<{ way: string; kind: string; figures: MemoryFigures }>[];
  }>;
  /** Good answers that the market gave, warm-ups included. */
  bought: number;
  ledger: LedgerVerdict;
}>;

export function endpointMarkdown(report: EndpointReport): string {
  const { date, machine, options, disturbance, figures, bought, ledger } = report;
  return [
    `${date}: ${machineText(machine)}. Medians of ${options.rounds} rounds.`,
    ...disturbanceLines(disturbance),
    'One request at a time, and what of it is added to the direct way, in milliseconds; and throughput at so many connections:',
    table(
      ['what', 'way', 'p50', 'added p50', 'added p99', 'at once', 'per second', 'of direct'],
      figures.byKind.flatMap(kindRows),
    ),
    'From a request to the first word of its answer while 200 streams run at the pace of a fast model, in milliseconds:',
    table(
      ['way', 'p50', 'p90', 'p99'],
      figures.firstWord.map(({ way, firstWord: { p50, p90, p99 } }) => [
        way,
        ...[p50, p90, p99].map(decimal),
      ]),
    ),
    'Resident memory in MiB before and at its highest while four such bodies at a time go through:',
    table(
      ['what', 'way', 'process', 'before', 'highest', 'more'],
      figures.memory.flatMap(memoryRows),
    ),
    `The market gave ${whole(bought)} good answers and charged ${whole(ledger.charged)}; \`ledger_violations\` has ${ledger.violations.length} rows.`,
  ].join('\n\n');
}

type ByKind = EndpointReport['figures']['byKind'][number];

function kindRows({ title, connections, ways }: ByKind): string[][] {
  const direct = ways[0]?.rounds ?? [];
  const over = (rounds: readonly KindFigures[], figure: (one: KindFigures) => number) =>
    median(rounds.map(figure));
  // Compared with the direct way of the same round, so that a slow moment of the machine cancels.
  const added = (rounds: readonly KindFigures[], at: keyof Quantiles) =>
    median(
      rounds.map(
        ({ sequential }, round) => sequential[at] - (direct[round]?.sequential[at] ?? Number.NaN),
      ),
    );
  const directPerS = over(direct, ({ perS }) => perS);
  return ways.map(({ way, rounds }, index) => {
    const perS = over(rounds, (one) => one.perS);
    return [
      ...[index === 0 ? title : '', way, decimal(over(rounds, ({ sequential }) => sequential.p50))],
      ...(index === 0
        ? ['–', '–']
        : [decimal(added(rounds, 'p50')), decimal(added(rounds, 'p99'))]),
      ...[whole(connections), whole(perS), `${((perS / directPerS) * 100).toFixed(1)} %`],
    ];
  });
}

/** Those processes whose memory has to grow with what goes through them. */
const carriers: ReadonlySet<string> = new Set(['floor', 'gateway', 'broker', 'worker']);

function memoryRows({ way, kind, figures }: EndpointReport['figures']['memory'][number]) {
  return figures.processes
    .filter(({ name }) => carriers.has(name))
    .map(({ name, restMb, peakMb }) => [
      ...[kind, way, name, whole(restMb), whole(peakMb), whole(peakMb - restMb)],
    ]);
}
