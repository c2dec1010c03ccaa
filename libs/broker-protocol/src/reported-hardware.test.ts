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
        expect(mergeHardware(known, structuredClone(told))).toBe(known);
      }),
    );
  });

  it('takes in what is new, however little of a report it is', () => {
    const known = readHardware({ hostname: 'rig', total_vram_mb: 24_576, gpu_count: 1 }, {});
    const merged = mergeHardware(known, { available_vram_mb: 100 });
    expect(merged).toEqual({ ...known, vramMbFree: 100 });
    expect(merged).not.toBe(known);
  });

  it('keeps what is known where a report cannot be read', () => {
    const known = readHardware({ hostname: 'rig', total_vram_mb: 24_576 }, {});
    for (const unreadable of [null, 'a lot', 7, { gpus: 'two' }]) {
      expect(mergeHardware(known, unreadable)).toEqual(known);
    }
  });
});
