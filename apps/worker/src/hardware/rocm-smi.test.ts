import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseRocmSmi } from './rocm-smi.js';

const sixth = `{"card0": {"VRAM Total Memory (B)": "25753026560", "VRAM Total Used Memory (B)": "4294967296",
  "Card Series": "Radeon RX 7900 XTX", "Card Model": "0x744c", "Card Vendor": "Advanced Micro Devices, Inc. [AMD/ATI]"},
  "system": {"Driver version": "6.3.6"}}`;

const fifth = `WARNING: AMD GPU device(s) is/are in a low-power state. Check power control/runtime_status
{"card1": {"VRAM Total Memory (B)": "8573157376", "VRAM Total Used Memory (B)": "99999999999",
  "Card series": "0x67df", "Card model": "Radeon RX 580"}}`;

describe(parseRocmSmi, () => {
  it('reads an object a card', () => {
    expect(parseRocmSmi(sixth)).toEqual([
      {
        index: 0,
        name: 'Radeon RX 7900 XTX',
        vendor: 'amd',
        total_vram_mb: 24560,
        available_vram_mb: 20464,
        used_vram_mb: 4096,
      },
    ]);
  });

  it('reads older spellings, below a warning, and bounds figures that cannot be', () => {
    expect(parseRocmSmi(fifth)).toEqual([
      expect.objectContaining({ name: 'Radeon RX 580', available_vram_mb: 0, used_vram_mb: 8176 }),
    ]);
  });

  it.each([
    '',
    'ERROR: no AMD GPU',
    '{"card0": {"VRAM Total Memory (B)": "25753',
    '{"card0": null, "card1": 7, "card2": {}, "cardx": {"VRAM Total Memory (B)": "1048576"}}',
    '{"card0": {"VRAM Total Memory (B)": "-1"}, "card1": {"VRAM Total Memory (B)": "NaN"}}',
    '{"card0": {"VRAM Total Memory (B)": "0"}}',
  ])('passes over %j', (text) => {
    expect(parseRocmSmi(text)).toEqual([]);
  });

  it('never fails', () => {
    fc.assert(
      fc.property(fc.string(), fc.jsonValue(), (text, value) => {
        parseRocmSmi(text);
        parseRocmSmi(JSON.stringify({ card0: value }));
      }),
    );
  });
});
