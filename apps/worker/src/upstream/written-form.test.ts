import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { WrittenForm } from './written-form.js';

const read = ({ pieces, contentType }: WrittenForm): Promise<FormData> =>
  new Response(Buffer.concat(pieces), { headers: { 'content-type': contentType } }).formData();

describe(WrittenForm, () => {
  it('is read by others as what was put into it, and is as long as it says', async () => {
    const name = fc.stringMatching(/^[a-z[\]_]{1,12}$/);
    const field = fc.record({ name, value: fc.string({ unit: 'grapheme' }) });
    const file = fc.record({
      ...{ name, filename: fc.stringMatching(/^[\w. é"]{1,20}$/), contentType: fc.constant('a/b') },
      bytes: fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    });
    const parts = fc.tuple(fc.array(field, { maxLength: 4 }), fc.array(file, { maxLength: 4 }));
    await fc.assert(
      fc.asyncProperty(parts, async ([fields, files]) => {
        fc.pre(fields.length + files.length > 0);
        const form = new WrittenForm(fields, files);
        expect(form.length).toBe(Buffer.concat(form.pieces).length);
        const values = [...(await read(form)).values()];
        expect(values.slice(0, fields.length)).toEqual(fields.map(({ value }) => value));
        const came = values.slice(fields.length) as File[];
        const bytes = await Promise.all(came.map(async (one) => Buffer.from(await one.bytes())));
        expect(bytes).toEqual(files.map((one) => one.bytes));
      }),
      { numRuns: 50 },
    );
  });

  it('keeps names and types from being more than that', () => {
    const bytes = Buffer.from([1]);
    const evil = 'a"\r\nx-evil: 1';
    const form = new WrittenForm(
      [{ name: evil, value: '' }],
      [{ name: evil, filename: evil, contentType: 'a/b\r\nx-evil: 1', bytes }],
    );
    const text = Buffer.concat(form.pieces).toString('latin1');
    expect(text).not.toMatch(/^x-evil/m);
    expect(text).toContain('Content-Type: application/octet-stream\r\n\r\n\u0001\r\n');
  });

  it('does not copy its files', () => {
    const bytes = Buffer.alloc(10);
    const file = { name: 'f', filename: 'f', contentType: 'a/b', bytes };
    expect(new WrittenForm([], [file]).pieces).toContain(bytes);
  });
});
