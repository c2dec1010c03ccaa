import { Busboy, type BusboyHeaders } from '@fastify/busboy';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type FormPart, formLength, writeForm } from './form.js';

const boundary = 'aisbf-0123456789';

async function written(parts: readonly FormPart[]): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of writeForm(parts, boundary)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** What somebody else's reader makes of it. */
function readBack(bytes: Buffer): Promise<readonly unknown[]> {
  const headers = { 'content-type': `multipart/form-data; boundary=${boundary}` };
  const busboy = new Busboy({ headers: headers as BusboyHeaders });
  const parts: unknown[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<readonly unknown[]>();
  busboy.on('field', (name, value) => parts.push({ name, value }));
  busboy.on('file', (name, stream, filename, _encoding, contentType) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () =>
      parts.push({ name, filename, contentType, content: Buffer.concat(chunks).toString('hex') }),
    );
  });
  busboy.on('finish', () => resolve(parts));
  busboy.on('error', reject);
  busboy.end(bytes);
  return promise;
}

const file = (name: string, content: Uint8Array, filename = 'f.bin'): FormPart => ({
  ...{ kind: 'file', name, filename, contentType: 'image/png', bytes: content.length },
  async *open() {
    yield content;
  },
  read: async (into) => Buffer.from(content).copy(into),
});

const word = fc.stringMatching(/^[a-z[\]_]{1,12}$/);

describe(writeForm, () => {
  it('writes what every reader reads back, as long as it says', async () => {
    const part = fc.oneof(
      fc.record({ kind: fc.constant('field' as const), name: word, value: fc.string() }),
      fc.tuple(word, fc.uint8Array()).map(([name, content]) => file(name, content)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 6 }), async (parts) => {
        const bytes = await written(parts);
        expect(bytes.length).toBe(formLength(parts, boundary));
        expect(await readBack(bytes)).toHaveLength(parts.length);
      }),
      { numRuns: 50 },
    );
  });

  it('keeps names from being more than names', async () => {
    const parts = [file('a"\r\nx-evil: 1', Buffer.from([1]), 'b"\r\n.png')];
    const text = (await written(parts)).toString('latin1');
    expect(text).not.toMatch(/^x-evil/m);
    expect(text).toContain('name="a%22%0D%0Ax-evil: 1"; filename="b%22%0D%0A.png"');
  });

  it('takes no content type for more than one', async () => {
    const bad = { ...file('a', Buffer.from([1])), contentType: 'a/b\r\nx-evil: 1' } as FormPart;
    expect((await written([bad])).toString('latin1')).toContain('application/octet-stream');
  });
});
