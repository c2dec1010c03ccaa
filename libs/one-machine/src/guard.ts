import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What the guard process is told, one a line. */
export type GuardOrder = Readonly<
  | { type: 'watch'; pid: number; stopSignal: NodeJS.Signals }
  | { type: 'forget'; pid: number }
  | { type: 'remove-at-end'; folder: string }
  | { type: 'keep'; folder: string }
>;

/**
 * The door to the one guard process of this process (see `guard-process.ts`). It starts with the first
 * order and keeps nobody waiting: neither it nor its pipe holds this process's event loop open.
 */
class Guard {
  #process: ChildProcess | undefined;

  /** Stops this process group when this process ends. Say so in the same tick in which it was spawned. */
  watch(pid: number, stopSignal: NodeJS.Signals): void {
    this.#tell({ type: 'watch', pid, stopSignal });
  }

  /** The group has ended: its number may soon be somebody else's. */
  forget(pid: number): void {
    this.#tell({ type: 'forget', pid });
  }

  /** Deletes this folder when this process ends, after everything it watches has stopped. */
  removeAtEnd(folder: string): void {
    this.#tell({ type: 'remove-at-end', folder });
  }

  /** The folder is gone already, or is to stay. */
  keep(folder: string): void {
    this.#tell({ type: 'keep', folder });
  }

  /** Makes it clean up now, and waits for that. */
  async end(): Promise<void> {
    const guard = this.#process;
    if (guard === undefined) return;
    this.#process = undefined;
    if (guard.exitCode !== null || guard.signalCode !== null) return;
    guard.ref();
    guard.stdin?.end();
    await once(guard, 'exit');
  }

  #tell(order: GuardOrder): void {
    this.#process ??= startGuard();
    this.#process.stdin?.write(`${JSON.stringify(order)}\n`);
  }
}

export const guard = new Guard();

function startGuard(): ChildProcess {
  // Tests run from the sources, which Node reads as they are.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const script = fileURLToPath(new URL(`./guard-process.${extension}`, import.meta.url));
  const child = spawn(process.execPath, ['--no-warnings', script], {
    detached: true,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  child.unref();
  const pipe = child.stdin;
  if ('unref' in pipe && typeof pipe.unref === 'function') pipe.unref();
  // A guard that somebody killed guards nothing more; that must not end what it guarded.
  pipe.on('error', () => undefined);
  child.on('error', () => undefined);
  return child;
}
