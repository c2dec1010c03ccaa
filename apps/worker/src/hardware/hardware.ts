import os from 'node:os';
import type { WorkerGpu, WorkerHardware } from '@aisbf/broker-protocol';
import { parseAppleGpus, sysctl, systemProfiler } from './apple-gpu.js';
import { commandOutput } from './command-output.js';
import { nvidiaSmi, parseNvidiaSmi } from './nvidia-smi.js';
import { parseRocmSmi, rocmSmi } from './rocm-smi.js';

const mb = 1024 ** 2;
/** A driver that hangs must not keep the worker from the market. */
const probeMsMax = 5_000;
const cardsMax = 64;

/** What this machine has. Looked at again for every heartbeat, by one probe at a time. */
export class Hardware {
  #known: WorkerHardware;
  #measuring: Promise<WorkerHardware> | undefined;

  private constructor(known: WorkerHardware) {
    this.#known = known;
  }

  static async discover(): Promise<Hardware> {
    return new Hardware(await readHardware());
  }

  /** As it was when somebody last looked. */
  get known(): WorkerHardware {
    return this.#known;
  }

  async measure(): Promise<WorkerHardware> {
    this.#measuring ??= readHardware(this.#known.gpus).finally(() => {
      this.#measuring = undefined;
    });
    this.#known = await this.#measuring;
    return this.#known;
  }
}

/**
 * What this machine has, with what is free of it at this moment. Cards whose driver does not answer in time
 * have not gone away: then those that were known count.
 */
export async function readHardware(known: readonly WorkerGpu[] = []): Promise<WorkerHardware> {
  const memory = {
    totalMb: Math.floor(os.totalmem() / mb),
    freeMb: Math.floor(os.freemem() / mb),
  };
  const found = os.platform() === 'darwin' ? await appleGpus(memory) : await drivenGpus();
  const gpus = (found ?? known).slice(0, cardsMax);
  const cpus = os.cpus();
  return {
    hostname: os.hostname(),
    platform: `${os.platform()} ${os.arch()}`,
    cpu_model: cpus[0]?.model ?? 'unknown',
    cpu_count: cpus.length,
    total_ram_mb: memory.totalMb,
    available_ram_mb: memory.freeMb,
    gpus,
    gpu_count: gpus.length,
    total_vram_mb: gpus.reduce((sum, gpu) => sum + gpu.total_vram_mb, 0),
    available_vram_mb: gpus.reduce((sum, gpu) => sum + gpu.available_vram_mb, 0),
  };
}

/** Cards of both makers may stand in one machine; their numbers then begin anew. */
async function drivenGpus(): Promise<readonly WorkerGpu[] | undefined> {
  const [nvidia, rocm] = await Promise.all([probe(nvidiaSmi), probe(rocmSmi)]);
  if (nvidia === undefined || rocm === undefined) return undefined;
  const cards = [...parseNvidiaSmi(nvidia), ...parseRocmSmi(rocm)];
  return cards.map((card, index) => ({ ...card, index }));
}

async function appleGpus(memory: { totalMb: number; freeMb: number }) {
  const [profile, limit] = await Promise.all([probe(systemProfiler), probe(sysctl)]);
  return profile === undefined ? undefined : parseAppleGpus(profile, limit ?? '', memory);
}

function probe({ file, args }: Readonly<{ file: string; args: readonly string[] }>) {
  return commandOutput(file, args, probeMsMax);
}
