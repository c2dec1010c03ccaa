import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readFrameFromWorker } from './frame-from-worker.js';
import { liftBase64 } from './lifted-base64.js';

/** Around all borders: of what is lifted, of the slices it is decoded in, of groups of four. */
const length = fc.oneof(
  fc.nat(40),
  fc.integer({ min: 12_280, max: 12_300 }),
  fc.integer({ min: 36_855, max: 36_870 }),
  fc.integer({ min: 49_140, max: 49_160 }),
  fc.integer({ min: 60_000, max: 120_000 }),
);
const filler = Buffer.alloc(120_000, 'long base64 \u0000\u00ff\u00fb\u00ef\u00be', 'latin1');

/** What stands where base64 should: right, and wrong in every way. */
const encoded = fc
  .record({
    size: length,
    form: fc.constantFrom(
      ...(['base64', 'base64', 'base64', 'base64url', 'hex', 'latin1'] as const),
    ),
    spoil: fc.constantFrom(
      '',
      '',
      '',
      '=',
      '==',
      '===',
      'A',
      'AA',
      '*',
      '\n',
      '\\',
      '"',
      'é',
      '=A',
    ),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ size, form, spoil, at }) => {
    const text = filler.toString(form, 0, size);
    const cut = at < 0.5 ? text.length : Math.floor(text.length * at);
    return text.slice(0, cut) + spoil + text.slice(cut);
  });
const value = fc.oneof({ weight: 4, arbitrary: encoded }, fc.jsonValue());

const payload = fc.record(
  {
    status_code: fc.constantFrom(200, 200, 500, 7),
    content_type: fc.constantFrom('image/png', 'application/json'),
    body: fc.oneof(fc.constant(null), value, fc.record({ data_base64: value })),
    body_base64: value,
    chunk: fc.oneof(fc.record({ data_base64: value }), value),
    chunks: fc.array(fc.record({ data_base64: value, text: value }, { requiredKeys: [] }), {
      maxLength: 3,
    }),
    data: value,
    encoding: fc.constant('base64'),
    data_base64: value,
    choices: fc.constant([]),
  },
  { requiredKeys: [] },
);
const frame = fc.record(
  {
    request_id: fc.oneof({ weight: 8, arbitrary: fc.constant('r') }, encoded),
    status: fc.constantFrom('ok', 'error'),
    event: fc.constantFrom('chunk', 'done', 'data'),
    op: fc.constantFrom('register', 'heartbeat'),
    error: value,
    payload: fc.oneof({ weight: 8, arbitrary: payload }, value),
  },
  { requiredKeys: ['request_id'] },
);

/** By Node's own comparison: Jest's looks at each byte of a buffer by itself. */
function isSame(bytes: Buffer, text: string): boolean {
  return isDeepStrictEqual(readFrameFromWorker(bytes), readFrameFromWorker(text));
}

describe('a large text frame', () => {
  it('reads as the same thing, whether or not its base64 was taken out of it before', () => {
    let lifted = 0;
    const property = fc.property(frame, fc.constantFrom(0, 1), (content, indent) => {
      const text = JSON.stringify(content, null, indent);
      const bytes = Buffer.from(text);
      if (bytes.length > 65_536 && liftBase64(bytes)) lifted += 1;
      expect(isSame(bytes, text)).toBe(true);
    });
    fc.assert(property, { numRuns: 600 });
    // What is never lifted proves nothing.
    expect(lifted).toBeGreaterThan(60);
  }, 60_000);

  it('does so where it is no JSON, or cut anywhere', () => {
    const property = fc.property(frame, fc.nat(), fc.string(), (content, place, junk) => {
      const whole = JSON.stringify(content);
      const at = place % (whole.length + 1);
      for (const text of [whole.slice(0, at), whole.slice(0, at) + junk + whole.slice(at)]) {
        const bytes = Buffer.from(text);
        expect(isSame(bytes, bytes.toString())).toBe(true);
      }
    });
    fc.assert(property, { numRuns: 300 });
  }, 60_000);

  it('cannot name what was taken out of another', () => {
    const body = Buffer.alloc(60_000, 'secret');
    const one = {
      status: 'ok',
      request_id: 'r',
      payload: { status_code: 200, body_base64: body.toString('base64') },
    };
    const placeholder = liftBase64(Buffer.from(JSON.stringify(one)))?.bytes;
    for (const guess of ['0', '.0', `${'0'.repeat(48)}.0`]) {
      expect(placeholder?.fromBase64(guess)?.equals(body) ?? false).toBe(false);
    }
  });

  it('is looked through in a moment, however its quotes lie', () => {
    const dense = Buffer.alloc(16_000_000, '""');
    const sparse = Buffer.alloc(16_000_000, `"${'x'.repeat(8_000)}-"`);
    const escaped = Buffer.concat([Buffer.from('"'), Buffer.alloc(16_000_000, '\\"')]);
    for (const hostile of [dense, sparse, escaped]) {
      const startedAt = performance.now();
      expect(liftBase64(hostile)).toBeUndefined();
      // Each takes some milliseconds; a search that began anew at each quote would take minutes.
      expect(performance.now() - startedAt).toBeLessThan(5_000);
    }
  }, 60_000);
});
