import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

const library = fileURLToPath(new URL('../dist/index.js', import.meta.url));
const megabyte = 1024 ** 2;

/** Reads a frame with 50 MB of base64 in it, and tells what that took. */
const script = `
  const { readFrameFromWorker } = await import(process.argv[1]);
  const [, , head, tail] = process.argv;
  const base64 = Buffer.alloc(50 * 1024 ** 2, 'QUJD');
  const frame = Buffer.concat([Buffer.from(head), base64, Buffer.from(tail)]);
  const before = process.memoryUsage();
  const { answer } = readFrameFromWorker(frame);
  const after = process.memoryUsage();
  const bytes = answer.reply?.body ?? answer.chunks?.[0].bytes;
  const isRight = bytes.length === (base64.length / 4) * 3 && bytes.equals(Buffer.alloc(bytes.length, 'ABC'));
  console.log(JSON.stringify({ isRight, outside: after.arrayBuffers - before.arrayBuffers }));
`;

/** A heap that holds neither the frame as text nor its base64. */
async function inSmallHeap(head: string, tail: string) {
  const args = [
    '--max-old-space-size=24',
    '--input-type=module',
    '-e',
    script,
    library,
    head,
    tail,
  ];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}

describe('50 MB of base64 in a text frame', () => {
  const envelope = '{"status":"ok","request_id":"r","payload":{"status_code":200';
  it.each([
    ['a body', `${envelope},"content_type":"video/mp4","body_base64":"`, '"}}'],
    ['a piece', '{"event":"chunk","request_id":"r","payload":{"chunk":{"data_base64":"', '"}}}'],
  ])(
    'cost as much as the bytes that they stand for: %s',
    async (_what, head, tail) => {
      const { code, output } = await inSmallHeap(head, tail);
      expect({ code, output }).toMatchObject({ code: 0 });
      const { isRight, outside } = JSON.parse(output);
      expect(isRight).toBe(true);
      expect(outside).toBeLessThan(40 * megabyte);
    },
    60_000,
  );

  it('are more than the heap of this test holds as text', async () => {
    const { code } = await inSmallHeap(`${envelope},"body":"`, '"}}');
    expect(code).not.toBe(0);
  }, 60_000);
});
