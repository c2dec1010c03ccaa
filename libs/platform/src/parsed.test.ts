import { Fault } from '@aisbf/faults';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { parse } from './parsed.js';

const Body = z.strictObject({
  name: z.string(),
  prices: z.record(z.string(), z.int()).optional(),
});

function mistakesIn(value: unknown): unknown {
  try {
    parse(Body, value);
  } catch (error) {
    if (error instanceof Fault) return error.details;
    throw error;
  }
  return undefined;
}

describe(parse, () => {
  it('names what is wrong where', () => {
    expect(parse(Body, { name: 'x' })).toEqual({ name: 'x' });
    expect(mistakesIn({ name: 7, prices: { gold: 'x' } })).toEqual({
      name: expect.any(String),
      'prices.gold': expect.any(String),
    });
    expect(mistakesIn({ name: 'x', naem: 'y' })).toEqual({ body: 'Unrecognized: naem' });
  });

  it('does not repeat a secret that stands where a name belongs', () => {
    for (const secret of ['sk-0123456789abcdef', 'A'.repeat(40), 'a b']) {
      const body = { name: 'x', prices: { [secret]: 'x' }, [secret]: 1 };
      expect(mistakesIn(body)).toEqual({
        body: 'Unrecognized: …',
        'prices.…': expect.any(String),
      });
    }
  });
});
