import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { workFrame } from './frame-to-worker.js';
import { type ProxyBody, proxyPayload } from './work-payload.js';

const head = { path: '/v1/audio/x', method: 'POST', headers: {}, query: {}, isStream: false };
const envelope = { op: 'proxy', requestId: 'r', providerName: 'p', clientId: 'c' } as const;

function payloadOf(body: ProxyBody): Record<string, unknown> {
  const payload = proxyPayload({ ...head, contentType: 'a/b' }, body);
  const frame = workFrame({ ...envelope, ...head }, payload);
  const parsed = JSON.parse(frame.toString()) as { payload: Record<string, unknown> };
  const text = Buffer.alloc(payload.length);
  expect(payload.write(text, 0)).toBe(payload.length);
  expect(JSON.parse(text.toString())).toEqual(parsed.payload);
  return parsed.payload;
}

const facts = {
  endpoint_path: 'v1/audio/x',
  method: 'POST',
  headers: {},
  query_params: {},
  stream: false,
  content_type: 'a/b',
};

describe(proxyPayload, () => {
  it('has exactly one body, or none', () => {
    expect(payloadOf({ type: 'none' })).toEqual(facts);
    const text = Buffer.from('{"a":[1]}');
    expect(payloadOf({ type: 'json', text })).toEqual({ ...facts, body: { a: [1] } });
  });

  it('carries JSON of any length as it is', () => {
    const sizes = fc.oneof(fc.nat(100), fc.integer({ min: 16_370, max: 16_390 }));
    fc.assert(
      fc.property(sizes, fc.maxSafeInteger(), (size, number) => {
        const body = { a: 'é'.repeat(size), number };
        const text = Buffer.from(JSON.stringify(body));
        expect(payloadOf({ type: 'json', text })).toEqual({ ...facts, body });
      }),
    );
  });

  it('carries any bytes, of any length', () => {
    const sizes = fc.oneof(fc.nat(10), fc.integer({ min: 49_149, max: 49_155 }), fc.nat(150_000));
    fc.assert(
      fc.property(sizes, (size) => {
        const bytes = Buffer.alloc(size, 'some bytes \u0000\u00ff', 'latin1');
        const { body_base64: base64 } = payloadOf({ type: 'bytes', bytes });
        expect(Buffer.from(String(base64), 'base64').equals(bytes)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it('carries forms, their fields and files apart', () => {
    const name = fc.string();
    const part = fc.record({
      name,
      filename: fc.option(name, { nil: undefined }),
      contentType: fc.option(fc.constant('x/y'), { nil: undefined }),
      text: fc.string({ unit: 'grapheme' }),
    });
    const property = fc.property(fc.array(part), (parts) => {
      const sent = parts.map(({ text, ...rest }) => ({ ...rest, bytes: Buffer.from(text) }));
      expect(payloadOf({ type: 'form', parts: sent }).multipart).toEqual({
        fields: parts.flatMap(({ name: field, filename, text }) =>
          filename === undefined ? [{ name: field, value: text }] : [],
        ),
        files: parts.flatMap(({ name: field, filename, contentType, text }) =>
          filename === undefined
            ? []
            : [
                {
                  name: field,
                  filename,
                  content_type: contentType ?? 'application/octet-stream',
                  data_base64: Buffer.from(text).toString('base64'),
                },
              ],
        ),
      });
    });
    fc.assert(property);
  });
});
