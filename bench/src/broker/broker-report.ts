import { type Disturbance, disturbanceLines } from '../disturbance.js';
import { type Machine, machineText } from '../machine.js';
import { decimal, table, whole } from '../markdown-table.js';
import type { BodyFigures } from './bodies.js';
import type { IdleResult } from './idle.js';
import { floodShapes, type RelayResult } from './relay.js';
import type { StormResult } from './storm.js';
import { type Target, verdict } from './target-verdict.js';

/** What was measured of the broker; parts that were left out are undefined. */
export type BrokerReport = Readonly<{
  date: string;
  machine: Machine;
  idle: Readonly<{ broker: IdleResult; floor: IdleResult }> | undefined;
  storm: StormResult | undefined;
  relay: RelayResult | undefined;
  /** While streams ran; what was so while sessions were idle stands with them. */
  disturbance: Disturbance | undefined;
  bodies: readonly BodyFigures[] | undefined;
}>;

export function brokerMarkdown(report: BrokerReport): string {
  const { date, machine, disturbance, idle, storm, relay, bodies } = report;
  return [
    `${date}: ${machineText(machine)}.`,
    table(
      ['target', 'limit', 'measured', ''],
      targetsOf(report).map((target) => [
        target.title,
        `${target.isAtMost ? '≤' : '≥'} ${whole(target.limit)} ${target.unit}`,
        `${target.limit >= 1_000 ? whole(target.measured) : decimal(target.measured)} ${target.unit}`,
        verdict(target),
      ]),
    ),
    ...(idle === undefined ? [] : idleLines(idle)),
    ...(storm === undefined ? [] : stormLines(storm)),
    ...(relay === undefined ? [] : [...relayLines(relay), ...disturbanceLines(disturbance)]),
    ...(bodies === undefined ? [] : bodyLines(bodies)),
  ].join('\n\n');
}

/** In the order of the table. */
export function targetsOf({ idle, storm, relay }: BrokerReport): readonly Target[] {
  const most = (title: string, limit: number, unit: string, measured: number): Target => ({
    ...{ title, limit, unit, measured },
    isAtMost: true,
  });
  const stallMs = idle?.broker.loopDelay?.stallMsMax ?? Number.NaN;
  return [
    ...(idle === undefined
      ? []
      : [
          most('memory of an idle session', 25, 'KB', idle.broker.kbEach),
          most('longest stall while all are idle', 50, 'ms', stallMs),
        ]),
    ...(storm === undefined
      ? []
      : [
          most('all back after a storm', 60, 's', storm.allBackMs / 1_000),
          most('database queries in a storm', 500, 'a second', storm.statements.perSMax),
        ]),
    ...(relay === undefined
      ? []
      : [
          ...['chunks through one process', 'the same, where each comes by itself'].map(
            (title, index): Target => ({
              ...{ title, limit: 50_000, unit: 'a second', isAtMost: false },
              measured: relay.broker.floods[index]?.chunksPerS ?? Number.NaN,
            }),
          ),
          most(`added delay p99 at ${relay.streams} streams`, 5, 'ms', relay.added.p99Ms),
        ]),
  ];
}

function idleLines({ broker, floor }: NonNullable<BrokerReport['idle']>): readonly string[] {
  const row = (title: string, result: IdleResult): readonly string[] => [
    title,
    whole(result.sessions),
    whole(result.kbBefore / 1_024),
    whole(result.kbAfter / 1_024),
    decimal(result.kbEach),
    decimal(result.loopDelay?.p99Ms ?? Number.NaN),
    decimal(result.loopDelay?.stallMsMax ?? Number.NaN),
    (result.cpuShare * 100).toFixed(1),
  ];
  return [
    'Idle: resident memory of the process in MiB without and with its sessions, and in KB for one of them; how late its event loop was, in milliseconds; and how much of one core it took:',
    table(
      ['', 'sessions', 'before', 'after', 'KB each', 'delay p99', 'longest stall', '% of a core'],
      [row('**our broker**', broker), row('bare `ws` (the floor)', floor)],
    ),
    ...disturbanceLines(broker.disturbance),
  ];
}

function stormLines(storm: StormResult): readonly string[] {
  const { sessions, brokerBackMs, allBackMs, attempts, statements, statementsPerS } = storm;
  const refusals = Object.entries(storm.refusals)
    .map(([what, count]) => `${whole(count)} × ${what}`)
    .join(', ');
  return [
    'Storm: the broker is killed under all its sessions and started again:',
    table(
      ['', ''],
      [
        ['workers', whole(sessions)],
        ['broker ready again after', `${decimal(brokerBackMs / 1_000)} s`],
        ['all routable again after', `${decimal(allBackMs / 1_000)} s`],
        ['attempts to connect', whole(attempts)],
        ['of them in vain', refusals === '' ? 'none' : refusals],
        ['database statements', whole(statements.total)],
        ['a second, on average', decimal(statementsPerS)],
        ['in the busiest second', whole(statements.perSMax)],
        ['longest stall of the new broker', `${whole(storm.loopDelay.stallMsMax)} ms`],
      ],
    ),
  ];
}

function relayLines({ streams, broker, floor, added }: RelayResult): readonly string[] {
  return [
    `Relay at ${streams} streams, each of another worker. The delay of a chunk in milliseconds, at ${whole(broker.delay.chunksPerS)} chunks a second in all:`,
    table(
      ['', 'p50', 'p99'],
      [
        ['**our broker**', decimal(broker.delay.p50Ms), decimal(broker.delay.p99Ms)],
        ['bare `ws` to HTTP (the floor)', decimal(floor.delay.p50Ms), decimal(floor.delay.p99Ms)],
        ['added', decimal(added.p50Ms), decimal(added.p99Ms)],
      ],
    ),
    'As many as go through, with the processor time that the process takes for one, and how much of one core it had:',
    table(
      [
        '',
        'chunks/s',
        'CPU µs each',
        '% of a core',
        'floor: chunks/s',
        'CPU µs each',
        '% of a core',
      ],
      floodShapes.map(({ title }, index) => [
        title,
        ...[broker, floor].flatMap(({ floods }) => [
          whole(floods[index]?.chunksPerS ?? Number.NaN),
          decimal(floods[index]?.cpuUs ?? Number.NaN),
          whole((floods[index]?.coreShare ?? Number.NaN) * 100),
        ]),
      ]),
    ),
  ];
}

function bodyLines(bodies: readonly BodyFigures[]): readonly string[] {
  return [
    'Large bodies, one at a time: the peak memory of the process, and the longest stall that everybody else has felt:',
    table(
      ['', 'MB/s', 'ms each', 'peak MiB', 'longest stall ms'],
      bodies.map(({ title, mbPerS, eachMs, peakMb, stallMsMax }) => [
        title,
        decimal(mbPerS),
        whole(eachMs),
        whole(peakMb),
        whole(stallMsMax ?? Number.NaN),
      ]),
    ),
  ];
}
