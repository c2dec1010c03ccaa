import type { WorkerGpu } from '@aisbf/broker-protocol';

export const systemProfiler = {
  file: 'system_profiler',
  args: ['SPDisplaysDataType', '-json'],
} as const;

export const sysctl = {
  file: 'sysctl',
  args: ['-n', 'iogpu.wired_limit_mb'],
} as const;

export type Memory = Readonly<{ totalMb: number; freeMb: number }>;

/** From this much memory on, Metal lets a model have three quarters of it, below that two thirds. */
const largeMemoryMb = 36 * 1024;

/**
 * The graphics of a Mac. Apple's own share the machine's memory: a model may have what `wiredLimit` says,
 * or else what Metal allows. Cards in older Macs have memory of their own, whose use is not told.
 */
export function parseAppleGpus(
  profile: string,
  wiredLimit: string,
  memory: Memory,
): readonly WorkerGpu[] {
  return displaysIn(profile).flatMap((display, index) => {
    const name = textOf(display.sppci_model) ?? textOf(display._name);
    if (name === undefined) return [];
    const isApple = /apple/i.test(`${textOf(display.spdisplays_vendor) ?? ''} ${name}`);
    const totalMb = isApple
      ? sharedMb(wiredLimit, memory.totalMb)
      : ownMb(textOf(display.spdisplays_vram) ?? textOf(display.spdisplays_vram_shared));
    if (totalMb === undefined) return [];
    const freeMb = isApple ? Math.min(totalMb, memory.freeMb) : totalMb;
    return [
      {
        index,
        name: name.slice(0, 255),
        vendor: isApple ? 'apple' : vendorOf(name),
        total_vram_mb: totalMb,
        available_vram_mb: freeMb,
        used_vram_mb: totalMb - freeMb,
      },
    ];
  });
}

function sharedMb(wiredLimit: string, totalMb: number): number {
  const limitMb = /^\d{1,9}$/.exec(wiredLimit.trim())?.[0];
  // 0 says that nobody has set one.
  if (limitMb !== undefined && Number(limitMb) > 0) return Math.min(Number(limitMb), totalMb);
  return Math.floor(totalMb >= largeMemoryMb ? (totalMb * 3) / 4 : (totalMb * 2) / 3);
}

/** `8 GB`, or `1536 MB`. */
function ownMb(text: string | undefined): number | undefined {
  const [, figure, unit] = /^(\d{1,6}) ?(MB|GB)/i.exec(text ?? '') ?? [];
  if (figure === undefined || unit === undefined) return undefined;
  return Number(figure) * (unit.toUpperCase() === 'GB' ? 1024 : 1);
}

function vendorOf(name: string): string {
  return /amd|radeon/i.test(name) ? 'amd' : /intel/i.test(name) ? 'intel' : 'unknown';
}

type Display = Readonly<Record<string, unknown>>;

function displaysIn(profile: string): readonly Display[] {
  try {
    const parsed: unknown = JSON.parse(profile);
    const isObject = typeof parsed === 'object' && parsed !== null;
    const list = isObject && 'SPDisplaysDataType' in parsed ? parsed.SPDisplaysDataType : [];
    if (!Array.isArray(list)) return [];
    return list.filter((item): item is Display => typeof item === 'object' && item !== null);
  } catch {
    // A machine that does not describe its graphics sells without.
    return [];
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
}
