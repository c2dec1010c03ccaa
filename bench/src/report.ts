import { type Disturbance, disturbanceLines } from './disturbance.js';
import type { LedgerVerdict } from './ledger.js';
import { type Machine, machineText } from './machine.js';
import { decimal, table, whole } from './markdown-table.js';
import { type Summary, totalUs } from './summary.js';

/** Everything that a reader must know to believe the table, and the table. */
export type Report = Readonly<{
  date: string;
  machine: Machine;
  rounds: number;
  connections: number;
  buyers: number;
  ratePerS: number;
  disturbance: Disturbance | undefined;
  summaries: readonly Summary[];
  skipped: readonly Readonly<{ name: string; skipped: string }>[];
  /** Good answers that the market gave, warm-up included. */
  bought: number;
  ledger: LedgerVerdict;
}>;

export function markdown(report: Report): string {
  const { summaries } = report;
  const direct = summaries.find(({ name }) => name === 'direct');
  const floor = summaries.find(({ name }) => name === 'floor');
  return [
    machineLine(report),
    ...disturbanceLines(report.disturbance),
    'Added latency of one request at a time, over the same percentile of the direct way, in milliseconds:',
    table(
      ['target', 'p50', 'p90', 'p99', 'p50 of all'],
      summaries.map(({ title, name, added, sequential }) => [
        title,
        ...[added.p50, added.p90, added.p99].map((ms) => (name === 'direct' ? '–' : decimal(ms))),
        decimal(sequential.p50),
      ]),
    ),
    `Throughput at ${report.connections} connections, each sending its next request when the last is answered:`,
    table(
      [
        'target',
        'requests/s',
        '± %',
        'of direct',
        'of floor',
        'CPU µs',
        'streams/s',
        'of floor',
        'CPU µs',
      ],
      summaries.map((summary) => [
        summary.title,
        whole(summary.requestsPerS),
        whole(summary.requestsSpread * 100),
        percent(summary.requestsPerS, direct?.requestsPerS),
        percent(summary.requestsPerS, floor?.requestsPerS),
        whole(totalUs(summary.cpuUsPerRequest)),
        whole(summary.streamsPerS),
        percent(summary.streamsPerS, floor?.streamsPerS),
        whole(totalUs(summary.cpuUsPerStream)),
      ]),
    ),
    `Latency at a constant ${whole(report.ratePerS)} requests/s, from when each was due, in milliseconds, and peak memory in MiB:`,
    table(
      ['target', 'p50', 'p90', 'p99', 'memory of its own process', 'of all its processes'],
      summaries.map(({ title, openLoop, ownPeakMb, peakMb }) => [
        title,
        ...[openLoop.p50, openLoop.p90, openLoop.p99].map(decimal),
        whole(ownPeakMb),
        whole(peakMb),
      ]),
    ),
    'Where the processor time of our gateway goes, in µs for one request and for one stream:',
    cpuTable(summaries),
    ...report.skipped.map(({ name, skipped }) => `Not measured: ${name} (${skipped}).`),
    ledgerLine(report),
  ].join('\n\n');
}

function machineLine({ date, machine, rounds, buyers, summaries }: Report): string {
  return [
    `${date}: ${machineText(machine)}. Medians of ${rounds} rounds over`,
    `${summaries.length} targets; ${buyers} buyers.`,
  ].join(' ');
}

function ledgerLine({ bought, ledger }: Report): string {
  const { charged, chargedNanos, violations } = ledger;
  const usd = (Number(chargedNanos) / 1e9).toFixed(2);
  return [
    `The market gave ${whole(bought)} good answers, warm-up included, and charged ${whole(charged)}`,
    `requests (${usd} USD of test credit); \`ledger_violations\` has ${violations.length} rows.`,
  ].join(' ');
}

function cpuTable(summaries: readonly Summary[]): string {
  const ours = summaries.filter(({ name }) => name === 'gateway-http' || name === 'gateway-worker');
  const names = [...new Set(ours.flatMap(({ cpuUsPerRequest }) => Object.keys(cpuUsPerRequest)))];
  const cell = (us: number | undefined): string => whole(us ?? Number.NaN);
  return table(
    ['way', 'of', ...names],
    ours.flatMap(({ title, cpuUsPerRequest, cpuUsPerStream }) => [
      [title, 'request', ...names.map((name) => cell(cpuUsPerRequest[name]))],
      [title, 'stream', ...names.map((name) => cell(cpuUsPerStream[name]))],
    ]),
  );
}

function percent(part: number, all: number | undefined): string {
  const share = (part * 100) / (all ?? Number.NaN);
  if (!Number.isFinite(share)) return '–';
  return `${share >= 10 ? share.toFixed(0) : share.toFixed(1)} %`;
}
