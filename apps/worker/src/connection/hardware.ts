import { execFile } from 'node:child_process';
import os from 'node:os';
import type { WorkerGpu, WorkerHardware } from '@aisbf/broker-protocol';

const mb = 1024 ** 2;
/** A driver that hangs must not keep the worker from the market. */
const nvidiaSmiMsMax = 5_000;

/** What this machine has, with what is free of it at this moment. */
export async function readHardware(): Promise<WorkerHardware> {
  const gpus = await readNvidiaGpus();
  const cpus = os.cpus();
  return {
    hostname: os.hostname(),
    platform: `${os.platform()} ${os.arch()}`,
    cpu_model: cpus[0]?.model ?? 'unknown',
    cpu_count: cpus.length,
    total_ram_mb: Math.floor(os.totalmem() / mb),
    available_ram_mb: Math.floor(os.freemem() / mb),
    gpus,
    gpu_count: gpus.length,
    total_vram_mb: gpus.reduce((sum, gpu) => sum + gpu.total_vram_mb, 0),
    available_vram_mb: gpus.reduce((sum, gpu) => sum + gpu.available_vram_mb, 0),
  };
}

/** No graphics card where there is no such program, or where it fails: the worker sells without one. */
async function readNvidiaGpus(): Promise<readonly WorkerGpu[]> {
  const args = [
    '--query-gpu=index,name,memory.total,memory.free,memory.used',
    '--format=csv,noheader,nounits',
  ];
  const text = await new Promise<string>((resolve) => {
    const options = { timeout: nvidiaSmiMsMax, maxBuffer: 256 * 1024 };
    execFile('nvidia-smi', args, options, (error, stdout) => resolve(error ? '' : stdout));
  });
  return parseNvidiaSmi(text);
}

/** One line a card. Cards that don't tell their memory (`[N/A]`) are passed over. */
export function parseNvidiaSmi(text: string): readonly WorkerGpu[] {
  return text.split('\n').flatMap((line) => {
    const [index, name, total, free, used] = line.split(',').map((part) => part.trim());
    const figures = [index, total, free, used].map((figure) => Number.parseInt(figure ?? '', 10));
    const [indexNumber, totalMb, freeMb, usedMb] = figures;
    const isWhole = figures.length === 4 && figures.every((figure) => figure >= 0);
    if (!name || !isWhole) return [];
    return [
      {
        index: indexNumber ?? 0,
        name,
        vendor: 'nvidia',
        total_vram_mb: totalMb ?? 0,
        available_vram_mb: freeMb ?? 0,
        used_vram_mb: usedMb ?? 0,
      },
    ];
  });
}
