import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseAppleGpus } from './apple-gpu.js';

const m2 = JSON.stringify({
  SPDisplaysDataType: [
    {
      _name: 'Apple M2 Max',
      spdisplays_mtlgpufamilysupport: 'spdisplays_metal3',
      spdisplays_vendor: 'sppci_vendor_Apple',
      sppci_bus: 'spdisplays_builtin',
      sppci_cores: '38',
      sppci_model: 'Apple M2 Max',
    },
  ],
});

const intel = JSON.stringify({
  SPDisplaysDataType: [
    { sppci_model: 'Intel UHD Graphics 630', spdisplays_vram_shared: '1536 MB' },
    { sppci_model: 'AMD Radeon Pro 5500M', spdisplays_vram: '8 GB' },
    { sppci_model: 'Screen without memory' },
  ],
});

const memory = { totalMb: 65_536, freeMb: 20_000 };

describe(parseAppleGpus, () => {
  it('gives Apple’s graphics their share of the memory', () => {
    expect(parseAppleGpus(m2, '0\n', memory)).toEqual([
      {
        index: 0,
        name: 'Apple M2 Max',
        vendor: 'apple',
        total_vram_mb: 49_152,
        available_vram_mb: 20_000,
        used_vram_mb: 29_152,
      },
    ]);
    expect(parseAppleGpus(m2, '', { totalMb: 24_576, freeMb: 24_000 })).toMatchObject([
      { total_vram_mb: 16_384, available_vram_mb: 16_384, used_vram_mb: 0 },
    ]);
  });

  it('believes the limit that the owner has set, within what there is', () => {
    expect(parseAppleGpus(m2, '57344\n', memory)).toMatchObject([{ total_vram_mb: 57_344 }]);
    expect(parseAppleGpus(m2, '999999', memory)).toMatchObject([{ total_vram_mb: 65_536 }]);
  });

  it('reads cards with memory of their own', () => {
    expect(parseAppleGpus(intel, '', memory)).toMatchObject([
      { index: 0, vendor: 'intel', total_vram_mb: 1536 },
      { index: 1, vendor: 'amd', total_vram_mb: 8192, available_vram_mb: 8192 },
    ]);
  });

  it.each(['', 'x', '[]', 'null', '{"SPDisplaysDataType":{}}', '{"SPDisplaysDataType":[null,7]}'])(
    'passes over %j',
    (profile) => {
      expect(parseAppleGpus(profile, '-1', memory)).toEqual([]);
    },
  );

  it('never fails', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), (value, limit) => {
        parseAppleGpus(JSON.stringify({ SPDisplaysDataType: [value] }), limit, memory);
      }),
    );
  });
});
