import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import { faultOf } from '@aisbf/platform';
import { type Loopback, listenOnLoopback } from '@aisbf/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readWholeBody } from '../src/inbound/whole-body.js';

const bytesMax = 200_000;
let server: Loopback;
let read = Promise.withResolvers<Buffer>();

beforeAll(async () => {
  server = await listenOnLoopback(
    createServer((request, response) => {
      readWholeBody(request, bytesMax).then(read.resolve, read.reject);
      read.promise.then(
        () => response.end(),
        () => response.writeHead(400).end(),
      );
    }),
  );
});
beforeEach(() => {
  read = Promise.withResolvers();
});
afterAll(() => server.stop());

function open(headers: Readonly<Record<string, string | number>>) {
  const sending = httpRequest(server.url, { method: 'POST', headers });
  // What is refused is broken off too.
  sending.on('error', () => undefined);
  sending.on('response', (response) => response.resume());
  return sending;
}

describe(readWholeBody, () => {
  it('reads what was sent, in whatever pieces, whether or not its length was said', async () => {
    const piece = fc.uint8Array({ minLength: 1, maxLength: 30_000 });
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 5 }), fc.boolean(), async (pieces, isSaid) => {
        read = Promise.withResolvers();
        const whole = Buffer.concat(pieces);
        const headers = isSaid ? { 'content-length': whole.length } : {};
        const sending = open({ ...headers, ...(!isSaid && { 'transfer-encoding': 'chunked' }) });
        for (const one of pieces) sending.write(one);
        sending.end();
        expect(await read.promise).toEqual(whole);
        await once(sending, 'close');
      }),
      { numRuns: 30 },
    );
  });

  it('takes all of the most, and nothing of more, however that is said', async () => {
    open({ 'content-length': bytesMax }).end(Buffer.alloc(bytesMax));
    expect(await read.promise).toHaveLength(bytesMax);
    for (const headers of [
      { 'content-length': bytesMax + 1 },
      { 'transfer-encoding': 'chunked' },
    ]) {
      read = Promise.withResolvers();
      open(headers).end(Buffer.alloc(bytesMax + 1));
      const refused = await read.promise.catch((error: unknown) => faultOf(error));
      expect(refused).toMatchObject({ code: 'BODY_TOO_LARGE' });
    }
  });

  it.each([{ 'content-length': 100 }, { 'transfer-encoding': 'chunked' }])(
    'has no body where its sender breaks off, with %j',
    async (headers) => {
      const sending = open(headers);
      sending.write('half of it', () => sending.destroy());
      await expect(read.promise).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    },
  );
});
