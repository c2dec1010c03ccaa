import type { WorkerGpu } from '@aisbf/broker-protocol';

export const rocmSmi = {
  file: 'rocm-smi',
  args: ['--showproductname', '--showmeminfo', 'vram', '--json'],
} as const;

const mb = 1024 ** 2;

/**
 * An object a card, `card0` and so on, whose fields have been spelt differently by each release; warnings
 * may stand before it. Cards that don't tell their memory are passed over.
 */
export function parseRocmSmi(text: string): readonly WorkerGpu[] {
  const cards = objectIn(text);
  return Object.entries(cards).flatMap(([key, value]) => {
    const index = /^card(\d{1,3})$/.exec(key)?.[1];
    if (index === undefined || typeof value !== 'object' || value === null) return [];
    const fields = new Map(
      Object.entries(value).map(([name, field]) => [name.toLowerCase(), String(field)]),
    );
    const totalMb = toMb(fields.get('vram total memory (b)'));
    const usedMb = toMb(fields.get('vram total used memory (b)'));
    if (totalMb === undefined || totalMb === 0) return [];
    const used = Math.min(usedMb ?? 0, totalMb);
    return [
      {
        index: Number(index),
        name: nameIn(fields) ?? 'AMD GPU',
        vendor: 'amd',
        total_vram_mb: totalMb,
        available_vram_mb: totalMb - used,
        used_vram_mb: used,
      },
    ];
  });
}

function objectIn(text: string): object {
  const start = text.indexOf('{');
  try {
    const value: unknown = JSON.parse(start < 0 ? 'null' : text.slice(start));
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    // Half an answer tells of no card.
    return {};
  }
}

/** A name for people; some releases give the number of the device instead. */
function nameIn(fields: ReadonlyMap<string, string>): string | undefined {
  const candidates = ['card series', 'card model', 'market name', 'device name'];
  return candidates
    .map((name) => fields.get(name)?.trim())
    .find((text) => text !== undefined && text !== '' && !/^(0x|n\/a|unknown)/i.test(text))
    ?.slice(0, 255);
}

function toMb(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,16}$/.test(text) ? Math.floor(Number(text) / mb) : undefined;
}
