import { type Disturbance, disturbanceLines } from '../disturbance.js';
import { type Machine, machineText } from '../machine.js';
import { decimal, table, whole } from '../markdown-table.js';
import type { Quantiles } from '../statistics.js';
import type { HistoryFigures } from './history.js';
import type { LedgerBenchOptions } from './ledger-bench-options.js';

export type LedgerReport = Readonly<{
  date: string;
  machine: Machine;
  options: LedgerBenchOptions;
  disturbance: Disturbance | undefined;
  manyPairsPerS: number | undefined;
  onePairsPerS: number | undefined;
  leasedPerS: number | undefined;
  latency: Quantiles | undefined;
  history: HistoryFigures | undefined;
  violations: readonly string[];
}>;

export function ledgerMarkdown(report: LedgerReport): string {
  const { date, machine, disturbance, violations } = report;
  return [
    `${date}: ${machineText(machine)}.`,
    ...disturbanceLines(disturbance),
    table(['through the door of accounts', 'measured'], doorRows(report)),
    ...historyLines(report),
    `\`ledger_violations\` has ${violations.length} rows at the end.`,
  ].join('\n\n');
}

function doorRows({ options, manyPairsPerS, onePairsPerS, leasedPerS, latency }: LedgerReport) {
  const { wallets, reportsPerCall, ratePerS } = options;
  const perS = (count: number | undefined, what: string) =>
    count === undefined ? '–' : `${whole(count)} ${what}/s`;
  const { p50 = Number.NaN, p99 = Number.NaN } = latency ?? {};
  return [
    [`authorise and settle, ${wallets} wallets`, perS(manyPairsPerS, 'pairs')],
    ['authorise and settle, one wallet', perS(onePairsPerS, 'pairs')],
    [`settle from leases, ${reportsPerCall} reports a call`, perS(leasedPerS, 'requests')],
    [`authorise at ${ratePerS}/s`, `p50 ${decimal(p50)} ms, p99 ${decimal(p99)} ms`],
  ];
}

function historyLines({ history }: LedgerReport): readonly string[] {
  if (!history) return [];
  const { receipts, transfers, reconcileMs, pageMs, monthMs } = history;
  const perMillion = (reconcileMs * 1_000) / transfers;
  return [
    table(
      [`in the tables, with ${whole(receipts)} receipts of one owner and month`, 'measured'],
      [
        ['`npm run reconcile`, per million transfers', `${decimal(perMillion)} s`],
        ['a page of 100 receipts', `${decimal(pageMs)} ms`],
        ['the month by provider and model', `${decimal(monthMs)} ms`],
      ],
    ),
  ];
}
