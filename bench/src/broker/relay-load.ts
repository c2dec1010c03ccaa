/**
 * Both ends of the streams as a program of its own: the workers that speak and the readers that listen, so
 * that one clock measures each chunk. It is told what to do over its channel to the bench.
 */
import { performance } from 'node:perf_hooks';
import { percentile } from '../statistics.js';
import { type Body, type BodyResult, download, upload } from './body-load.js';
import { answerCalls } from './program-calls.js';
import { type LanePlan, RelayLane } from './relay-lane.js';
import { type Flood, floodedStream, pacedStream, type StreamResult } from './stream-load.js';

export type PacedPlan = Readonly<{ perS: number; ms: number }>;
export type PacedResult = Readonly<{
  chunks: number;
  chunksPerS: number;
  p50Ms: number;
  p99Ms: number;
  failures: readonly string[];
}>;
export type FloodResult = Readonly<{
  chunks: number;
  chunksPerS: number;
  failures: readonly string[];
}>;

export type RelayCommands = Readonly<{
  /** One lane for each claim. */
  open: (plan: LanePlan) => Promise<void>;
  paced: (plan: PacedPlan) => Promise<PacedResult>;
  flood: (flood: Flood) => Promise<FloodResult>;
  upload: (body: Body) => Promise<BodyResult>;
  download: (body: Body) => Promise<BodyResult>;
  close: (nothing: null) => Promise<void>;
}>;

let lanes: readonly RelayLane[] = [];
let peer: LanePlan['peer'] = 'floor';

const commands: RelayCommands = {
  async open(plan) {
    ({ peer } = plan);
    lanes = await Promise.all(
      plan.claims.map((claim, index) => RelayLane.open(plan, claim, index)),
    );
  },

  async paced({ perS, ms }) {
    const startedMs = performance.now();
    // Spread over the time between two chunks, as streams that know nothing of each other are.
    const results = await Promise.all(
      lanes.map((lane, index) => {
        const startMs = (index * 1_000) / perS / lanes.length;
        return pacedStream(lane, { perS, ms, startMs });
      }),
    );
    const sorted = results.flatMap(({ delaysMs }) => delaysMs).toSorted((a, b) => a - b);
    const { chunks, failures } = total(results);
    return {
      ...{ chunks, failures },
      chunksPerS: (chunks * 1_000) / (performance.now() - startedMs),
      p50Ms: percentile(sorted, 0.5),
      p99Ms: percentile(sorted, 0.99),
    };
  },

  async flood(flood) {
    const startedMs = performance.now();
    const results = await Promise.all(lanes.map((lane) => floodedStream(lane, flood)));
    const { chunks, failures } = total(results);
    return { chunks, failures, chunksPerS: (chunks * 1_000) / (performance.now() - startedMs) };
  },

  upload: (body) => upload(firstLane(), peer, body),
  download: (body) => download(firstLane(), peer, body),

  async close() {
    await Promise.all(lanes.map((lane) => lane.close()));
    lanes = [];
  },
};

function firstLane(): RelayLane {
  const [lane] = lanes;
  if (lane === undefined) throw new Error('Nothing is open.');
  return lane;
}

function total(results: readonly StreamResult[]) {
  return {
    chunks: results.reduce((sum, { chunks }) => sum + chunks, 0),
    failures: results.flatMap(({ failure }) => failure ?? []),
  };
}

answerCalls(commands);
