import { readdir, readFile, writeFile } from 'node:fs/promises';

/** Processor time so far, and the most memory since the peak was last reset. */
export type Usage = Readonly<{ cpuMs: number; peakMb: number }>;

/** The kernel counts time in hundredths of a second, whatever its own tick is. */
const msPerTick = 10;

/**
 * What a process and its children use. Undefined where the system does not tell: outside Linux.
 *
 * Memory is the peak of the resident set. Where several processes share theirs, as those of Postgres share
 * its buffers, adding that up would count it many times; there it is their proportional share at this moment.
 */
export async function usageOf(pid: number): Promise<Usage | undefined> {
  const family = await familyOf(pid);
  if (family === undefined) return undefined;
  const cpuMs = family.reduce((sum, member) => sum + member.ticks * msPerTick, 0);
  const memory = family.map(({ pid: member }) =>
    family.length === 1
      ? kilobytes(`/proc/${member}/status`, 'VmHWM')
      : kilobytes(`/proc/${member}/smaps_rollup`, 'Pss'),
  );
  const peakMb = (await Promise.all(memory)).reduce((sum, kb) => sum + kb, 0) / 1_024;
  return { cpuMs, peakMb };
}

/** Makes the peak of memory begin again from where it is. */
export async function resetPeak(pid: number): Promise<void> {
  // Missing outside Linux, and not ours to write where a server runs as another user.
  await writeFile(`/proc/${pid}/clear_refs`, '5').catch(() => undefined);
}

type Member = Readonly<{ pid: number; parent: number; ticks: number }>;

async function familyOf(pid: number): Promise<readonly Member[] | undefined> {
  const names = await readdir('/proc').catch(() => []);
  const all = await Promise.all(names.filter((name) => /^\d+$/.test(name)).map(memberOf));
  const members = all.filter((member) => member !== undefined);
  if (!members.some((member) => member.pid === pid)) return undefined;
  return members.filter((member) => member.pid === pid || member.parent === pid);
}

async function memberOf(name: string): Promise<Member | undefined> {
  const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => undefined);
  if (stat === undefined) return undefined;
  // The second field, the program's name, is in parentheses and may contain anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const field = (index: number): number => Number(fields[index]);
  // User and system time, its own and that of children that have ended.
  const ticks = field(11) + field(12) + field(13) + field(14);
  return { pid: Number(name), parent: field(1), ticks };
}

async function kilobytes(path: string, name: string): Promise<number> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0);
}
