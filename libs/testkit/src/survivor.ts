import { readdir, readFile } from 'node:fs/promises';

export type Survivor = Readonly<{ pid: number; command: string }>;

/**
 * Processes of a test run, wherever they hang in the process tree: those that know the folder of the run,
 * from their command line or their environment (as TMPDIR, at the least). Only Linux shows this as files;
 * elsewhere none are found.
 */
export async function findSurvivors(runFolder: string): Promise<readonly Survivor[]> {
  const entries = await readdir('/proc').catch(() => []);
  const pids = entries.filter((entry) => /^\d+$/.test(entry)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => {
      try {
        const command = await readFile(`/proc/${pid}/cmdline`, 'utf8');
        const environment = await readFile(`/proc/${pid}/environ`, 'utf8');
        const isOurs = `${command}\0${environment}`.includes(runFolder);
        // A process that has ended but is not yet reaped has no command line.
        if (pid === process.pid || command === '' || !isOurs) return undefined;
        return { pid, command: command.replaceAll('\0', ' ').trim() };
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
