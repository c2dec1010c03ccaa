import { type Target, verdict } from '../broker/target-verdict.js';
import { type Disturbance, disturbanceLines } from '../disturbance.js';
import { type Machine, machineText } from '../machine.js';
import { decimal, table, whole } from '../markdown-table.js';
import type { SpreadFigures } from './catalogue-spread.js';
import { type FailoverFigures, silenceMs } from './failover.js';
import type { SizeFigures } from './market-size.js';
import type { PlanFigures } from './plan-speed.js';
import type { SelectFigures } from './select-speed.js';
import type { SignalFigures } from './signal-speed.js';
import type { Timing } from './timed.js';

/** What was measured of routing; parts that were left out are undefined. */
export type RoutingReport = Readonly<{
  date: string;
  machine: Machine;
  disturbance: Disturbance | undefined;
  plans: readonly PlanFigures[] | undefined;
  signals: readonly SignalFigures[] | undefined;
  selections: readonly SelectFigures[] | undefined;
  sizes: readonly SizeFigures[] | undefined;
  failovers: readonly FailoverFigures[] | undefined;
  spread: SpreadFigures | undefined;
}>;

export function routingMarkdown(report: RoutingReport): string {
  const { date, machine, disturbance, plans, sizes, failovers, spread } = report;
  const targets = targetsOf(report);
  return [
    `${date}: ${machineText(machine)}.`,
    ...disturbanceLines(disturbance),
    table(
      ['target', 'limit', 'measured', ''],
      targets.map((target) => [
        target.title,
        `≤ ${whole(target.limit)} ${target.unit}`,
        `${whole(target.measured)} ${target.unit}`,
        verdict(target),
      ]),
    ),
    ...(plans ? planLines(plans) : []),
    ...selectLines(report),
    ...(sizes ? sizeLines(sizes) : []),
    ...(failovers ? failoverLines(failovers) : []),
    ...(spread ? spreadLines(spread) : []),
  ].join('\n\n');
}

/** In the order of the table. Of what is measured in memory, undisturbed calls count. */
export function targetsOf({ plans, selections, signals, spread }: RoutingReport) {
  const most = (title: string, limit: number, unit: string, measured: number): Target => ({
    ...{ title, limit, unit, measured },
    isAtMost: true,
  });
  const slowest = selections?.map((one) => reading(one, signals) + one.timing.quietUs.p99);
  return [
    ...(plans ?? [])
      .filter(({ isTarget }) => isTarget)
      .map(({ title, plan }) => most(`p99 of a plan: ${title}`, 200, 'µs', plan.quietUs.p99)),
    ...(slowest
      ? [most('p99 of an autoselect, its prompt read', 2_000, 'µs', Math.max(...slowest))]
      : []),
    ...(spread
      ? [most('p99 until every router serves a change', 1_000, 'ms', spread.served.p99)]
      : []),
  ];
}

/** What the gateway takes to read such a prompt, at most. */
function reading({ promptTokens }: SelectFigures, signals: RoutingReport['signals']): number {
  const found = signals?.find((one) => one.promptTokens === promptTokens);
  return found?.timing.quietUs.p99 ?? Number.NaN;
}

const timingHead = ['p50', 'p99', 'p99 of all', 'CPU'] as const;

function timingCells({ us, quietUs, cpuUs }: Timing): readonly string[] {
  return [quietUs.p50, quietUs.p99, us.p99, cpuUs].map(whole);
}

function planLines(plans: readonly PlanFigures[]): readonly string[] {
  return [
    'A plan among ten thousand listings, in microseconds: of calls that nobody disturbed, of all, and the processor time of one; at the right with what the service puts around it:',
    table(
      ['who may serve', ...timingHead, ...timingHead.map((name) => `service ${name}`)],
      plans.map(({ title, plan, service }) => [
        title,
        ...timingCells(plan),
        ...timingCells(service),
      ]),
    ),
  ];
}

function selectLines({ signals, selections }: RoutingReport): readonly string[] {
  if (!signals || !selections) return [];
  const tokens = (count: number) => `${whole(count)} tokens`;
  return [
    '`autoselect/balanced` over everything on the market, in microseconds:',
    table(
      ['', ...timingHead],
      [
        ...signals.map(({ promptTokens, timing }) => [
          `gateway: signals in ${tokens(promptTokens)}`,
          ...timingCells(timing),
        ]),
        ...selections.map(({ offers, promptTokens, timing }) => [
          `router: decision, selections and plan, ${offers} offers, ${tokens(promptTokens)}`,
          ...timingCells(timing),
        ]),
      ],
    ),
  ];
}

function sizeLines(sizes: readonly SizeFigures[]): readonly string[] {
  return [
    'The same request, for eight sellers with four workers each, in markets of several sizes; all of `Admit` is everything that the router does for it but input and output. In microseconds, and KB of memory for each worker:',
    table(
      [
        'workers',
        'KB each',
        ...['plan p50', 'plan p99', 'Admit p50', 'Admit p99', 'Admit CPU'],
        ...['news of a worker p50', 'CPU'],
      ],
      sizes.map(({ workers, kbEach, plan, admit, news }) => [
        whole(workers),
        decimal(kbEach),
        ...[plan.quietUs.p50, plan.quietUs.p99].map(whole),
        ...[admit.quietUs.p50, admit.quietUs.p99, admit.cpuUs].map(whole),
        ...[news.quietUs.p50, news.cpuUs].map(whole),
      ]),
    ),
  ];
}

function failoverLines(failovers: readonly FailoverFigures[]): readonly string[] {
  const plain = failovers.find(({ fate }) => fate === 'answers')?.ms;
  return [
    `Failover through a real market, in milliseconds: whole requests by what their first candidate does, and what that adds. One that is silent is given ${silenceMs} ms for its first byte, which are part of it:`,
    table(
      [
        'the first candidate',
        'p50',
        'p90',
        'p99',
        'adds p50',
        'adds p90',
        'adds p99',
        'not served',
      ],
      failovers.map(({ fate, ms, unserved }) => [
        fate,
        ...[ms.p50, ms.p90, ms.p99].map(decimal),
        ...(plain && fate !== 'answers'
          ? [ms.p50 - plain.p50, ms.p90 - plain.p90, ms.p99 - plain.p99].map(decimal)
          : ['–', '–', '–']),
        whole(unserved),
      ]),
    ),
  ];
}

function spreadLines({ replicas, listings, changes, answered, served }: SpreadFigures) {
  const row = (title: string, { p50, p90, p99 }: SpreadFigures['served']) => [
    title,
    ...[p50, p90, p99].map(whole),
  ];
  return [
    `${whole(changes)} changes at one of ${replicas} routers, in a catalogue of ${whole(listings)} listings, in milliseconds from when it was sent:`,
    table(
      ['', 'p50', 'p90', 'p99'],
      [row('that router has answered', answered), row('every router plans by it', served)],
    ),
  ];
}
