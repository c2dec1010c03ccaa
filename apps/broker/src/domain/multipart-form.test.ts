import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { boundaryOf, readForm } from './multipart-form.js';

describe('a form', () => {
  it('is read as any browser and client writes it', async () => {
    const form = new FormData();
    form.append('model', 'whisper é');
    form.append('file', new Blob(['\r\n--x\u0000'], { type: 'audio/wav' }), 'a "b".wav');
    const response = new Response(form);
    const boundary = boundaryOf(response.headers.get('content-type') ?? '') ?? '';
    const parts = readForm(Buffer.from(await response.arrayBuffer()), boundary);
    expect(parts?.map(({ bytes, ...part }) => ({ ...part, text: bytes.toString() }))).toEqual([
      { name: 'model', filename: undefined, contentType: undefined, text: 'whisper é' },
      { name: 'file', filename: 'a "b".wav', contentType: 'audio/wav', text: '\r\n--x\u0000' },
    ]);
  });

  it.each([
    ['multipart/form-data; boundary=abc', 'abc'],
    ['Multipart/Form-Data; charset=x; boundary="a b"', 'a b'],
    ['application/json', undefined],
    ['multipart/mixed; boundary=abc', undefined],
  ])('is told by the content type %s', (contentType, boundary) => {
    expect(boundaryOf(contentType)).toBe(boundary);
  });

  it('may be anything, and is then no form', () => {
    const piece = fc.constantFrom('--b', '\r\n', '--', 'x', ': ', 'Content-Disposition: form-data');
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const parts = readForm(Buffer.from(pieces.join('')), 'b');
        expect(parts === undefined || Array.isArray(parts)).toBe(true);
      }),
    );
    expect(
      readForm(Buffer.from('--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx'), 'b'),
    ).toBe(undefined);
  });
});
