import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Reply } from './reply.js';
import { readModels } from './reported-models.js';

describe(readModels, () => {
  const reply = (body: unknown): Reply => ({
    status: 200,
    contentType: 'application/json',
    body: Buffer.from(JSON.stringify(body)),
    isStream: false,
    filename: null,
    retryAfter: null,
  });
  const read = (data: unknown) => readModels(reply({ data }));

  it('keeps name and context apart from what else is said', () => {
    const row = { id: 'm', context_length: 8, quantization: 'Q4' };
    expect(read([row, 'plain', { id: 'no name' }])).toEqual([
      { name: 'm', contextTokensMax: 8, quantization: 'Q4' },
      { name: 'plain', contextTokensMax: null },
    ]);
  });

  it('fits into one event on the bus however much is said; names come before facts', () => {
    const parameters = Array.from({ length: 48 }, (_, at) => `${at}`.padEnd(32, 'p'));
    const rows = Array.from({ length: 2_500 }, (_, at) => ({
      id: `${at}`.padEnd(120, '"'),
      context_length: 1_000_000_000,
      supported_parameters: parameters,
      quantization: 'q'.repeat(64),
      architecture: 'a'.repeat(64),
    }));
    const found = read(rows) ?? [];
    expect(found).toHaveLength(2_000);
    expect(found[0]).toMatchObject({ quantization: expect.any(String) });
    expect(Object.keys(found.at(-1) ?? {})).toEqual(['name', 'contextTokensMax']);
    expect(JSON.stringify(found).length).toBeLessThan(900_000);
  });

  it('never throws on any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        for (const body of [value, { data: value }, { models: [value, { id: value }] }]) {
          const found = readModels(reply(body));
          expect(found === undefined || Array.isArray(found)).toBe(true);
        }
      }),
    );
  });
});
