import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { guard } from '@aisbf/one-machine';

/** How long a program may take to stop by itself before it is killed. */
const graceMs = 3_000;

export type Command = Readonly<{
  args: readonly string[];
  cwd: string;
  env: NodeJS.ProcessEnv;
  timeoutMs: number;
}>;

/** What `runNode` rejects with from the moment that everything is to end. */
export class Ending extends Error {
  override readonly name = 'Ending';
}

const running = new Set<ChildProcess>();
let isEnding = false;

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    // The whole group is gone already, which is what was wanted.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/**
 * Runs a Node program in a process group of its own, with its output passed through, and returns its exit
 * code; 124 where it took too long. Nothing that it started in its group outlives it, nor does any of it
 * outlive this process.
 */
export async function runNode({ args, cwd, env, timeoutMs }: Command): Promise<number> {
  if (isEnding) throw new Ending();
  const child = spawn(process.execPath, args, {
    cwd,
    env,
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (child.pid !== undefined) guard.watch(child.pid, 'SIGTERM');
  running.add(child);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    process.stdout.write(`\nStopped: it has not ended within ${timeoutMs / 1_000} s.\n`);
    signalGroup(child, 'SIGKILL');
  }, timeoutMs);
  try {
    const [code] = (await once(child, 'exit')) as [number | null];
    if (isEnding) throw new Ending();
    return isLate ? 124 : (code ?? 1);
  } finally {
    clearTimeout(timer);
    running.delete(child);
    signalGroup(child, 'SIGKILL');
    if (child.pid !== undefined) guard.forget(child.pid);
  }
}

/** Ends what `runNode` has under way, for good: asks first, insists after a grace period. */
export async function endAll(): Promise<void> {
  isEnding = true;
  const children = [...running];
  const ended = Promise.all(
    children.map((child) =>
      child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined,
    ),
  );
  for (const child of children) signalGroup(child, 'SIGTERM');
  const insist = setTimeout(() => {
    for (const child of children) signalGroup(child, 'SIGKILL');
  }, graceMs);
  await ended;
  clearTimeout(insist);
  for (const child of children) signalGroup(child, 'SIGKILL');
}
