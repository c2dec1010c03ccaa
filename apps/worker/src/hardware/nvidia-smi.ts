import type { WorkerGpu } from '@aisbf/broker-protocol';

export const nvidiaSmi = {
  file: 'nvidia-smi',
  args: [
    '--query-gpu=index,name,memory.total,memory.free,memory.used',
    '--format=csv,noheader,nounits',
  ],
} as const;

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
