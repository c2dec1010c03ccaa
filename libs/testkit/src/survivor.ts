import { readdir, readFile } from 'node:fs/promises';

/** The variable that every process of a test run inherits. */
export const runMarkName = 'AISBF_TEST_RUN';

export type Survivor = Readonly<{ pid: number; command: string }>;

/**
 * Processes that carry the mark of a test run, wherever they hang in the process tree. Only Linux shows the
 * environment of processes as files; elsewhere none are found.
 */
export async function findSurvivors(mark: string): Promise<readonly Survivor[]> {
  const needle = `${runMarkName}=${mark}`;
  const entries = await readdir('/proc').catch(() => []);
  const pids = entries.filter((entry) => /^\d+$/.test(entry)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => {
      try {
        const environment = await readFile(`/proc/${pid}/environ`, 'latin1');
        if (pid === process.pid || !environment.split('\0').includes(needle)) return undefined;
        const command = await readFile(`/proc/${pid}/cmdline`, 'utf8');
        // A process that has ended but is not yet reaped has no command line.
        return command === '' ? undefined : { pid, command: command.replaceAll('\0', ' ').trim() };
      } catch {
        // Somebody else's process, or one that ended while we looked: not ours to report.
        return undefined;
      }
    }),
  );
  return found.filter((each) => each !== undefined);
}

export function killSurvivors(survivors: readonly Survivor[]): void {
  for (const { pid } of survivors) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}
