import { readFile } from 'node:fs/promises';

/** The resident set of one process at this moment, in KB; NaN where the system does not tell. */
export async function residentKb(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(text)?.[1] ?? Number.NaN);
}
