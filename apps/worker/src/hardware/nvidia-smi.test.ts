import { describe, expect, it } from '@jest/globals';
import { parseNvidiaSmi } from './nvidia-smi.js';

describe(parseNvidiaSmi, () => {
  it('reads a line a card', () => {
    const text = '0, NVIDIA GeForce RTX 4090, 24564, 20000, 4564\n1, Tesla T4, 15360, 15101, 0\n';
    expect(parseNvidiaSmi(text)).toEqual([
      {
        index: 0,
        name: 'NVIDIA GeForce RTX 4090',
        vendor: 'nvidia',
        total_vram_mb: 24564,
        available_vram_mb: 20000,
        used_vram_mb: 4564,
      },
      expect.objectContaining({ index: 1, name: 'Tesla T4', used_vram_mb: 0 }),
    ]);
  });

  it.each([
    '',
    'No devices were found',
    '0, GB10, [N/A], [N/A], [N/A]',
    'a,b',
    ',,,,',
    '0,x,-1,2,3',
  ])('passes over %j', (text) => {
    expect(parseNvidiaSmi(text)).toEqual([]);
  });
});
