/**
 * Ten thousand workers as a program of its own: they connect to what they are told to, and stay. It is told
 * what to do over its channel to the bench.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { FleetTally, FleetWorker } from './fleet-worker.js';
import { answerCalls } from './program-calls.js';
import type { Peer, WorkerClaim } from './worker-claim.js';

export type FleetPlan = Readonly<{
  origin: string;
  peer: Peer;
  claims: readonly WorkerClaim[];
  /** How many connect for the first time in each second. */
  opensPerS: number;
}>;

export type FleetState = Readonly<{
  registered: number;
  /** Since the last time that it was asked for. */
  attempts: number;
  refusals: Readonly<Record<string, number>>;
}>;

export type FleetCommands = Readonly<{
  open: (plan: FleetPlan) => Promise<void>;
  state: (nothing: null) => FleetState;
  leave: (nothing: null) => Promise<void>;
}>;

const turnMs = 20;
let workers: readonly FleetWorker[] = [];
let tally = new FleetTally();

const commands: FleetCommands = {
  async open({ origin, peer, claims, opensPerS }) {
    tally = new FleetTally();
    workers = claims.map((claim, index) => new FleetWorker({ origin, peer }, claim, index, tally));
    const startMs = Date.now();
    for (const [index, worker] of workers.entries()) {
      while (index > ((Date.now() - startMs) * opensPerS) / 1_000) await delay(turnMs);
      worker.connect();
    }
  },

  state() {
    const registered = workers.filter(({ isRegistered }) => isRegistered).length;
    const { attempts, refusals } = tally;
    const state = { registered, attempts, refusals: { ...refusals } };
    tally.forget();
    return state;
  },

  async leave() {
    for (const worker of workers) worker.leave();
    while (workers.some(({ isGone }) => !isGone)) await delay(turnMs);
    workers = [];
  },
};

answerCalls(commands);
