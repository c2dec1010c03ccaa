import { isDeepStrictEqual } from 'node:util';
import { type JsonObject, toObject } from './json-value.js';

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

const textLengthMax = 255;

const sizeNames = [
  'total_vram_mb',
  'total_vram_gb',
  'available_vram_mb',
  'available_vram_gb',
  'used_vram_mb',
  'used_vram_gb',
] as const;
type Sizes = Readonly<Partial<Record<(typeof sizeNames)[number], number>>>;
type GpuReport = Sizes & Readonly<{ name?: string | undefined; vendor?: string | undefined }>;

/** One level of a report: it stands in `hardware`, or flat beside it. */
type Report = Sizes &
  Readonly<{
    hostname?: string | undefined;
    platform?: string | undefined;
    gpus?: readonly GpuReport[] | undefined;
    gpu_count?: number | undefined;
  }>;

/** The flat figures win over those in `hardware`; sums over the cards fill what neither says. */
export function readHardware(nested: unknown, flat: unknown): ReportedHardware | null {
  return toHardware(overlaid(readReport(nested), readReport(flat)));
}

/**
 * A heartbeat brings a few new figures; what it leaves out stays as it was. Where nothing is new, `known` itself
 * comes back: most heartbeats are of machines that do nothing.
 */
export function mergeHardware(
  known: ReportedHardware | null,
  news: unknown,
): ReportedHardware | null {
  const report = readReport(news);
  if (!report) return known;
  if (!known) return toHardware(report);
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

/**
 * By hand, without a schema: ten thousand workers send hundreds of reports a second, and what a schema makes of
 * each on the way was most of the garbage that they cost.
 */
function readReport(value: unknown): Report | undefined {
  const report = toObject(value);
  if (!report) return undefined;
  const { gpus, gpu_count: gpuCount } = report;
  const isCount = figure(gpuCount, gpusMax) !== undefined && Number.isInteger(gpuCount);
  return {
    ...readSizes(report),
    hostname: text(report.hostname),
    platform: text(report.platform),
    gpus: Array.isArray(gpus) ? gpus.slice(0, gpusMax).map(readGpu) : undefined,
    gpu_count: isCount ? figure(gpuCount, gpusMax) : undefined,
  };
}

/** What is no card at all still counts as one, of which nothing is known. */
function readGpu(value: unknown): GpuReport {
  const gpu = toObject(value) ?? {};
  return { ...readSizes(gpu), name: text(gpu.name), vendor: text(gpu.vendor) };
}

function readSizes(from: JsonObject): Sizes {
  const sizes: { -readonly [Name in keyof Sizes]: Sizes[Name] } = {};
  for (const name of sizeNames) {
    const size = figure(from[name], sizeMbMax);
    if (size !== undefined) sizes[name] = size;
  }
  return sizes;
}

/** A figure that cannot be true counts as not given: a worker is not refused for a broken sensor. */
function figure(value: unknown, max: number): number | undefined {
  return typeof value === 'number' && value >= 0 && value <= max ? value : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value.slice(0, textLengthMax) : undefined;
}

function toHardware(report: Report): ReportedHardware | null {
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

function overlaid(nested: Report | undefined, flat: Report | undefined): Report {
  const given = Object.entries(flat ?? {}).filter(([, value]) => value !== undefined);
  return { ...nested, ...Object.fromEntries(given) };
}

function toGpu(gpu: GpuReport): ReportedGpu {
  return {
    name: gpu.name ?? 'unknown',
    vendor: gpu.vendor ?? null,
    vramMb: totalMb(gpu) ?? 0,
    vramMbFree: freeMb(gpu) ?? null,
  };
}

function totalMb(from: Sizes): number | undefined {
  return megabytes(from.total_vram_mb, from.total_vram_gb);
}

function freeMb(from: Sizes): number | undefined {
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
