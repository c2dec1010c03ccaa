import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BatchCheck, customIdOf, readBatchLine } from './batch-line.js';
import { answeredLine, unaskedLine } from './line-outcome.js';

const endpoint = '/v1/embeddings';
const bytesOf = (line: unknown) =>
  Buffer.from(typeof line === 'string' ? line : JSON.stringify(line));
const line = (fields: object = {}) => ({
  ...{ custom_id: 'one', method: 'POST', url: endpoint, body: { model: 'p/m', input: 'x' } },
  ...fields,
});

describe(readBatchLine, () => {
  it('takes the body as it was written', () => {
    const body = '{ "model":"p/m", "seed": 12345678901234567890, "input":"\\u00e9" }';
    const text = `{"custom_id":"one","method":"POST","url":"${endpoint}","body":${body}}`;
    expect(readBatchLine(bytesOf(text), endpoint)).toEqual({ customId: 'one', model: 'p/m', body });
  });

  it('reads anything, or says what is wrong with it', () => {
    const anything = fc.oneof(fc.string().map(bytesOf), fc.uint8Array(), fc.json().map(bytesOf));
    fc.assert(
      fc.property(anything, (bytes) => {
        const read = readBatchLine(bytes, endpoint);
        expect('code' in read ? read.message : read.body).toBeTruthy();
        expect(typeof customIdOf(bytes)).toBe('string');
      }),
    );
  });

  it.each([
    ['no object', '[]', 'invalid_json_line'],
    ['no text', Buffer.from([0xff, 0xfe]).toString('latin1'), 'invalid_json_line'],
    ['an empty custom_id', line({ custom_id: '' }), 'invalid_custom_id'],
    ['a custom_id without end', line({ custom_id: 'x'.repeat(513) }), 'invalid_custom_id'],
    ['another method', line({ method: 'post' }), 'invalid_method'],
    ['another url', line({ url: '/v1/completions' }), 'invalid_url'],
    ['a body that is a text', line({ body: '{}' }), 'missing_required_parameter'],
    ['no model', line({ body: {} }), 'missing_required_parameter'],
    ['a stream', line({ body: { model: 'm', stream: true } }), 'invalid_value'],
  ])('refuses %s', (_name, bad, code) => {
    expect(readBatchLine(bytesOf(bad), endpoint)).toMatchObject({ code });
  });
});

describe(BatchCheck, () => {
  it('lets through lines of one model that differ in their ids, and no others', () => {
    const ids = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(ids, fc.nat(5), (all, odd) => {
        const check = new BatchCheck(endpoint);
        const codes = all.map((id, place) => {
          const model = place === odd && place > 0 ? 'other' : 'p/m';
          return check.check(bytesOf(line({ custom_id: id, body: { model } })))?.code;
        });
        const expected = all.map((id, place) => {
          if (all.indexOf(id) < place) return 'duplicate_custom_id';
          return place === odd && place > 0 ? 'mismatched_model' : undefined;
        });
        expect(codes).toEqual(expected);
        expect(check.count).toBe(new Set(all).size);
      }),
    );
  });
});

describe('an outcome', () => {
  const requestId = `req_${'a'.repeat(32)}`;

  it('is one line of JSON that says what was answered, whatever that was', () => {
    fc.assert(
      fc.property(fc.string(), fc.jsonValue(), (customId, body) => {
        const text = answeredLine({
          ...{ customId, requestId, status: 200 },
          body: JSON.stringify(body, null, 2).replaceAll('\n', '\r\n'),
        });
        expect(text).not.toMatch(/[\r\n]/);
        expect(JSON.parse(text)).toEqual({
          ...{ id: `batch_${requestId}`, custom_id: customId, error: null },
          response: {
            ...{ status_code: 200, request_id: requestId },
            body: JSON.parse(JSON.stringify(body)),
          },
        });
      }),
    );
  });

  it('says why nobody was asked', () => {
    const error = { code: 'batch_expired', message: 'Too late.' };
    expect(JSON.parse(unaskedLine(requestId, 'one', error))).toEqual({
      ...{ id: `batch_${requestId}`, custom_id: 'one', response: null, error },
    });
  });
});
