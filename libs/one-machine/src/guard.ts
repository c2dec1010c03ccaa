import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** How flock says that somebody else has the lock. */
const lockedExitCode = 75;

/** What the guard process is told, one a line. */
export type GuardOrder = Readonly<
  | { type: 'watch'; pid: number; stopSignal: NodeJS.Signals }
  | { type: 'forget'; pid: number }
  | { type: 'remove-at-end'; folder: string }
  | { type: 'keep'; folder: string }
  | { type: 'hurry' }
>;

/**
 * The door to the one guard process of this process (see `guard-process.ts`). It starts with the first
 * order and keeps nobody waiting: neither it nor its pipe holds this process's event loop open.
 */
class Guard {
  #process: ChildProcess | undefined;

  /**
   * Starts the guard as the holder of this lock file, and says whether the lock was free. It is held until
   * everything that is guarded has stopped, however this process ends; the system frees it, so that none
   * is ever stale. Must come before any order.
   */
  async lock(path: string): Promise<boolean> {
    if (this.#process !== undefined) throw new Error('The guard has started without the lock.');
    const flock = [
      'flock',
      '--no-fork',
      '--nonblock',
      `--conflict-exit-code=${lockedExitCode}`,
      path,
    ];
    const child = startGuard(flock);
    const outcome = await Promise.race([
      once(child.stdout, 'data').then(() => 'locked' as const),
      once(child, 'exit').then(([code]) => code as number | null),
      once(child, 'error').then(() => 'no flock' as const),
    ]);
    switch (outcome) {
      case 'locked':
        this.#process = letGo(child);
        return true;
      case lockedExitCode:
        return false;
      case 'no flock':
        // Not a Linux: there the servers themselves refuse a folder that is in use.
        this.#process = letGo(startGuard());
        return true;
      default:
        throw new Error(`The guard could not be started on ${path}.`);
    }
  }

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

  /** When it cleans up, it kills at once. */
  hurry(): void {
    this.#tell({ type: 'hurry' });
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
    this.#process ??= letGo(startGuard());
    this.#process.stdin?.write(`${JSON.stringify(order)}\n`);
  }
}

export const guard = new Guard();

function startGuard(prefix: readonly string[] = []) {
  // Tests run from the sources, which Node reads as they are.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const script = fileURLToPath(new URL(`./guard-process.${extension}`, import.meta.url));
  const [command, ...args] = [...prefix, process.execPath, '--no-warnings', script];
  const child = spawn(command ?? process.execPath, args, {
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  // A guard that somebody killed guards nothing more; that must not end what it guarded.
  child.stdin.on('error', () => undefined);
  child.on('error', () => undefined);
  return child;
}

/** From here on it keeps nobody's event loop open. */
function letGo(child: ReturnType<typeof startGuard>): ChildProcess {
  child.unref();
  for (const pipe of [child.stdin, child.stdout]) {
    if ('unref' in pipe && typeof pipe.unref === 'function') pipe.unref();
  }
  return child;
}
