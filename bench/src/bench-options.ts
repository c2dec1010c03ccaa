import { benchFlags, type CommonFlags, count } from './bench-flags.js';
import {
  type EndpointBenchOptions,
  endpointBenchOptions,
} from './endpoints/endpoint-bench-options.js';
import {
  type LedgerBenchOptions,
  ledgerBenchOptions,
} from './ledger-bench/ledger-bench-options.js';
import { type RoutingBenchOptions, routingBenchOptions } from './routing/routing-bench-options.js';
import { type TargetName, targetNames } from './target.js';

/** `only` leaves the direct way, which all are compared with. */
export type BenchOptions = CommonFlags<TargetName> &
  Readonly<{
    rounds: number;
    connections: number;
    buyers: number;
    warmUpMs: number;
    /** A warm-up goes on until it has had this many requests, for up to three times its time. */
    warmUpRequests: number;
    sequentialMs: number;
    wholeMs: number;
    streamMs: number;
    openLoopMs: number;
    /** The constant rate of the open loop, unless half of what the slowest target carries is less. */
    ratePerSMax: number;
  }>;

/** Five rounds of six targets end within eight minutes. */
const full = {
  rounds: 5,
  warmUpMs: 6_000,
  warmUpRequests: 2_000,
  sequentialMs: 2_000,
  wholeMs: 3_000,
  streamMs: 2_500,
  openLoopMs: 2_500,
} as const;

const quick = {
  rounds: 1,
  warmUpMs: 2_000,
  warmUpRequests: 1,
  sequentialMs: 500,
  wholeMs: 1_000,
  streamMs: 1_000,
  openLoopMs: 1_000,
} as const;

/** What the broker's bench measures, in this order. */
export const brokerParts = ['idle', 'storm', 'relay', 'bodies'] as const;
export type BrokerPart = (typeof brokerParts)[number];

export type BrokerBenchOptions = CommonFlags<BrokerPart> &
  Readonly<{
    sessions: number;
    opensPerS: number;
    settleMs: number;
    idleMs: number;
    streams: number;
    rounds: number;
    /** Of one stream, while delays are measured: as fast as a fast model speaks. */
    chunksPerS: number;
    pacedMs: number;
    floodMs: number;
    imageBytes: number;
    videoBytes: number;
    bodyTimes: number;
  }>;

/** A process may have 20,000 files open where limits are as they usually are, and a broker has others. */
const sessionsMax = 15_000;

const fullBroker = {
  sessions: 10_000,
  opensPerS: 400,
  settleMs: 20_000,
  idleMs: 60_000,
  streams: 200,
  rounds: 3,
  chunksPerS: 50,
  pacedMs: 8_000,
  floodMs: 5_000,
  imageBytes: 10_000_000,
  videoBytes: 50_000_000,
  bodyTimes: 7,
} as const;

const quickBroker = {
  ...fullBroker,
  sessions: 300,
  settleMs: 1_000,
  idleMs: 2_000,
  streams: 20,
  rounds: 1,
  pacedMs: 2_000,
  floodMs: 1_000,
  bodyTimes: 1,
} as const;

export const usage = `Usage: npm run bench -- [gateway] [options]
       npm run bench -- broker [options]

The gateway beside what it can be compared with:
  --quick                 a minute's look at whether it works; the page is left as it is
  --json                  everything that was measured, as JSON
  --only NAME,NAME        only these targets and the direct way; the page is left as it is
                          (${targetNames.join(', ')})
  --rounds N              rounds over all targets (${full.rounds})
  --buyers N              buyers that the connections are spread over (32: each its own)
  --profile-folder PATH   leaves V8 processor profiles of our services there

The broker beside a bare server of WebSockets:
  --quick                 a minute's look at whether it works; the page is left as it is
  --json                  everything that was measured, as JSON
  --only NAME,NAME        only these parts; the page is left as it is (${brokerParts.join(', ')})
  --sessions N            workers that are connected at once (10,000)
  --profile-folder PATH   leaves V8 processor profiles of the broker there
`;

export type BenchCommand =
  | Readonly<{ name: 'gateway'; options: BenchOptions }>
  | Readonly<{ name: 'broker'; options: BrokerBenchOptions }>
  | Readonly<{ name: 'endpoints'; options: EndpointBenchOptions }>
  | Readonly<{ name: 'ledger'; options: LedgerBenchOptions }>
  | Readonly<{ name: 'routing'; options: RoutingBenchOptions }>;

/** Throws where a flag is unknown or makes no sense. */
export function benchCommand(args: readonly string[]): BenchCommand {
  const [first, ...rest] = args;
  if (first === 'broker') return { name: first, options: brokerBenchOptions(rest) };
  if (first === 'endpoints') return { name: first, options: endpointBenchOptions(rest) };
  if (first === 'ledger') return { name: first, options: ledgerBenchOptions(rest) };
  if (first === 'routing') return { name: first, options: routingBenchOptions(rest) };
  return { name: 'gateway', options: gatewayOptions(first === 'gateway' ? rest : args) };
}

function gatewayOptions(args: readonly string[]): BenchOptions {
  const { common, own } = benchFlags(args, targetNames, ['rounds', 'buyers']);
  const durations = common.isQuick ? quick : full;
  return {
    ...durations,
    ...common,
    rounds: count('rounds', own.rounds ?? String(durations.rounds), 100),
    connections: 32,
    buyers: count('buyers', own.buyers ?? '32', 1_000),
    ratePerSMax: 200,
  };
}

function brokerBenchOptions(args: readonly string[]): BrokerBenchOptions {
  const { common, own } = benchFlags(args, brokerParts, ['sessions']);
  const plan = common.isQuick ? quickBroker : fullBroker;
  const sessions = count('sessions', own.sessions ?? String(plan.sessions), sessionsMax);
  return { ...plan, ...common, sessions };
}
