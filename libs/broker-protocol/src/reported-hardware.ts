import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';

/** What a worker says of its machine, in our own shape. Sizes are whole megabytes. */
export type ReportedHardware = Readonly<{
  hostname: string | null;
  platform: string | null;
  gpus: readonly ReportedGpu[];
  gpuCount: number;
  vramMb: number;
  vramMbFree: number;
}>;

export type ReportedGpu = Readonly<{
  name: string;
  vendor: string | null;
  vramMb: number;
  vramMbFree: number | null;
}>;

/** As many as any machine has; the rest of a longer list is not looked at. */
const gpusMax = 1024;
/** 4 TB of one kind of memory: beyond it a figure is a mistake. */
const sizeMbMax = 4_194_304;

/** A figure that cannot be true counts as not given: a worker is not refused for a broken sensor. */
const figure = z.number().min(0).max(sizeMbMax).optional().catch(undefined);
const text = z
  .string()
  .transform((value) => value.slice(0, 255))
  .optional()
  .catch(undefined);

const sizes = {
  total_vram_mb: figure,
  total_vram_gb: figure,
  available_vram_mb: figure,
  available_vram_gb: figure,
  used_vram_mb: figure,
  used_vram_gb: figure,
};

const WireGpu = z.looseObject({ name: text, vendor: text, ...sizes }).catch({});

/** One level of a report: it stands in `hardware`, or flat beside it. */
export const WireHardware = z.looseObject({
  hostname: text,
  platform: text,
  gpus: z
    .array(z.unknown())
    .transform((list) => list.slice(0, gpusMax).map((gpu) => WireGpu.parse(gpu)))
    .optional()
    .catch(undefined),
  gpu_count: z.int().min(0).max(gpusMax).optional().catch(undefined),
  ...sizes,
});
export type WireHardware = z.infer<typeof WireHardware>;

type WireSizes = Readonly<{ [name in keyof typeof sizes]?: number | undefined }>;

/** The flat figures win over those in `hardware`; sums over the cards fill what neither says. */
export function readHardware(nested: unknown, flat: unknown): ReportedHardware | null {
  const report = overlaid(WireHardware.safeParse(nested).data, WireHardware.safeParse(flat).data);
  const gpus = (report.gpus ?? []).map(toGpu);
  const isSilent = gpus.length === 0 && report.gpu_count === undefined && !report.hostname;
  if (isSilent && totalMb(report) === undefined) return null;
  const vramMb = totalMb(report) ?? sum(gpus.map((gpu) => gpu.vramMb));
  return {
    hostname: report.hostname ?? null,
    platform: report.platform ?? null,
    gpus,
    gpuCount: report.gpu_count ?? gpus.length,
    vramMb,
    vramMbFree: Math.min(freeMb(report) ?? sum(gpus.map((gpu) => gpu.vramMbFree ?? 0)), vramMb),
  };
}

/**
 * A heartbeat brings a few new figures; what it leaves out stays as it was. Where nothing is new, `known` itself
 * comes back: most heartbeats are of machines that do nothing.
 */
export function mergeHardware(
  known: ReportedHardware | null,
  news: unknown,
): ReportedHardware | null {
  const report = WireHardware.safeParse(news).data;
  if (!report) return known;
  if (!known) return readHardware(report, {});
  const vramMb = totalMb(report) ?? known.vramMb;
  const merged = {
    ...known,
    gpus: report.gpus?.map(toGpu) ?? known.gpus,
    gpuCount: report.gpu_count ?? report.gpus?.length ?? known.gpuCount,
    vramMb,
    vramMbFree: Math.min(freeMb(report) ?? known.vramMbFree, vramMb),
  };
  return isDeepStrictEqual(merged, known) ? known : merged;
}

function overlaid(nested: WireHardware | undefined, flat: WireHardware | undefined): WireHardware {
  const given = Object.entries(flat ?? {}).filter(([, value]) => value !== undefined);
  return { ...nested, ...Object.fromEntries(given) };
}

function toGpu(gpu: z.infer<typeof WireGpu>): ReportedGpu {
  const sized = gpu as WireSizes & { name?: string; vendor?: string };
  return {
    name: sized.name ?? 'unknown',
    vendor: sized.vendor ?? null,
    vramMb: totalMb(sized) ?? 0,
    vramMbFree: freeMb(sized) ?? null,
  };
}

function totalMb(from: WireSizes): number | undefined {
  return megabytes(from.total_vram_mb, from.total_vram_gb);
}

function freeMb(from: WireSizes): number | undefined {
  const stated = megabytes(from.available_vram_mb, from.available_vram_gb);
  if (stated !== undefined) return stated;
  const total = totalMb(from);
  const used = megabytes(from.used_vram_mb, from.used_vram_gb);
  return total === undefined || used === undefined ? undefined : Math.max(0, total - used);
}

function megabytes(mb: number | undefined, gb: number | undefined): number | undefined {
  if (mb !== undefined) return Math.round(mb);
  return gb === undefined ? undefined : Math.min(Math.round(gb * 1024), sizeMbMax);
}

function sum(figures: readonly number[]): number {
  return Math.min(
    figures.reduce((total, figure) => total + figure, 0),
    sizeMbMax * gpusMax,
  );
}
