import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { mergeHardware, readHardware } from './reported-hardware.js';

const megabytes = fc.nat({ max: 100_000 });
const gpu = fc.record({
  name: fc.string(),
  total_vram_mb: megabytes,
  available_vram_mb: megabytes,
});
const report = fc.record(
  {
    hostname: fc.string({ minLength: 1 }),
    gpus: fc.array(gpu, { maxLength: 4 }),
    gpu_count: fc.nat({ max: 8 }),
    total_vram_mb: megabytes,
    available_vram_mb: megabytes,
  },
  { requiredKeys: ['hostname', 'total_vram_mb', 'available_vram_mb'] },
);

describe(mergeHardware, () => {
  it('gives back the very same where a report is repeated', () => {
    fc.assert(
      fc.property(report, (told) => {
        const known = mergeHardware(readHardware(told, {}), told);
        expect(mergeHardware(known, told)).toBe(known);
        expect(mergeHardware(known, JSON.parse(JSON.stringify(told)))).toBe(known);
      }),
    );
  });

  it('takes in what is new, however little of a report it is', () => {
    const known = readHardware({ hostname: 'rig', total_vram_mb: 24_576, gpu_count: 1 }, {});
    const merged = mergeHardware(known, { available_vram_mb: 100 });
    expect(merged).toEqual({ ...known, vramMbFree: 100 });
    expect(merged).not.toBe(known);
  });

  it('passes over what cannot be true, field by field', () => {
    const known = readHardware({ hostname: 'rig', total_vram_mb: 24_576, gpu_count: 1 }, {});
    const nonsense = { total_vram_mb: -1, available_vram_mb: '9', gpu_count: 1.5, hostname: null };
    expect(mergeHardware(known, { ...nonsense, used_vram_mb: 5_000_000, gpus: 'two' })).toBe(known);
    expect(
      readHardware({ gpus: [7, { name: 'x'.repeat(300), total_vram_mb: 100 }] }, null),
    ).toEqual({
      ...{ hostname: null, platform: null, gpuCount: 2, vramMb: 100, vramMbFree: 0 },
      gpus: [
        { name: 'unknown', vendor: null, vramMb: 0, vramMbFree: null },
        { name: 'x'.repeat(255), vendor: null, vramMb: 100, vramMbFree: null },
      ],
    });
  });

  it('keeps what is known where a report cannot be read', () => {
    const known = readHardware({ hostname: 'rig', total_vram_mb: 24_576 }, {});
    for (const unreadable of [null, 'a lot', 7, { gpus: 'two' }]) {
      expect(mergeHardware(known, unreadable)).toEqual(known);
    }
  });
});
