import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';

/** What the figures were measured on, in one line each. */
export type Machine = Readonly<{
  processor: string;
  cores: number;
  memoryGb: number;
  system: string;
  node: string;
  /** Before anything was started: what else was running. */
  loadAverage: number;
}>;

export function thisMachine(): Machine {
  return {
    processor: cpus()[0]?.model.trim() || process.arch,
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.version,
    loadAverage: loadavg()[0] ?? 0,
  };
}

export function machineText(machine: Machine): string {
  const { processor, cores, memoryGb, system, node, loadAverage } = machine;
  return `${processor}, ${cores} cores, ${memoryGb} GiB, ${system}, Node ${node}; load average before the start ${loadAverage.toFixed(2)}`;
}
