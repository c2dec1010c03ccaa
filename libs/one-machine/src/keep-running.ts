import { setTimeout as delay } from 'node:timers/promises';
import type { DaemonExit } from './daemon.js';

/** A server or service that should run until it is stopped. */
export type Restartable = Readonly<{
  name: string;
  logFile: string;
  readonly exited: Promise<DaemonExit>;
  restart: () => Promise<void>;
}>;

export type KeepRunning = Readonly<{
  parts: readonly Restartable[];
  /** Told of each death and each return. */
  report: (line: string) => void;
  /** Called once, when something keeps dying. */
  giveUp: (reason: string) => void;
  limits?: KeepRunningLimits;
}>;

export type KeepRunningLimits = Readonly<{
  /** Doubles with each failure in a row. */
  backOffMsMin: number;
  backOffMsMax: number;
  /** What fails this often in a row will not be mended by trying again. */
  failuresMax: number;
  /** What ran this long has not failed in a row. */
  steadyMs: number;
}>;

const usualLimits: KeepRunningLimits = {
  backOffMsMin: 500,
  backOffMsMax: 15_000,
  failuresMax: 8,
  steadyMs: 60_000,
};

/** Starts again whatever ends by itself. Returns how to stop doing so; call it before stopping the parts. */
export function keepRunning(options: KeepRunning): () => void {
  const end = new AbortController();
  for (const part of options.parts) {
    keepOneRunning(part, options, end.signal).catch((error: unknown) =>
      options.giveUp(String(error)),
    );
  }
  return () => end.abort();
}

async function keepOneRunning(
  part: Restartable,
  { report, giveUp, limits = usualLimits }: KeepRunning,
  end: AbortSignal,
): Promise<void> {
  const { backOffMsMin, backOffMsMax, failuresMax, steadyMs } = limits;
  for (let failures = 0; ; ) {
    const runsSinceMs = Date.now();
    const exit = await part.exited;
    if (end.aborted) return;
    failures = Date.now() - runsSinceMs > steadyMs ? 1 : failures + 1;
    if (failures > failuresMax) return giveUp(`${part.name} keeps ending; see ${part.logFile}`);
    const backOffMs = Math.min(backOffMsMin * 2 ** (failures - 1), backOffMsMax);
    const how = exit.signal ?? `code ${exit.code}`;
    report(`${part.name} ended by itself (${how}); starting it again in ${backOffMs / 1_000} s`);
    if (!(await pause(backOffMs, end))) return;
    await bringBack(part, report);
  }
}

/** If it does not come up, it has ended again, and the next round finds that. */
async function bringBack(part: Restartable, report: (line: string) => void): Promise<void> {
  try {
    await part.restart();
    report(`${part.name} is back`);
  } catch (error) {
    report(String(error instanceof Error ? error.message : error));
  }
}

/** False when it was cut short. */
function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  return delay(ms, true, { signal }).catch(() => false);
}
