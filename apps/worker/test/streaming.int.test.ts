import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { payloadOf } from './scripted-market.js';
import { type Handler, startUpstream } from './scripted-upstream.js';
import { endProcesses, launch } from './worker-process.js';

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  await endProcesses();
  for (const close of closers.splice(0).reverse()) await close();
});

/** A large heap is cleaned late, and would hide what is kept among what is only not cleaned yet. */
const smallHeap = '--max-semi-space-size=1 --max-old-space-size=48';

async function withUpstream(handler: Handler) {
  const upstream = await startUpstream(handler);
  closers.push(upstream.close);
  return launch(['--upstream', upstream.url], { NODE_OPTIONS: smallHeap });
}

const chat = { model: 'm', stream: true };
const events = { 'content-type': 'text/event-stream' };

describe('a stream', () => {
  it('arrives piece by piece, before the engine has gone on', async () => {
    const written = Array.from({ length: 5 }, () => Promise.withResolvers<void>());
    const { session } = await withUpstream(async (_request, response) => {
      response.writeHead(200, events);
      for (const [n, next] of written.entries()) {
        response.write(`data: {"n":${n}}\n\n`);
        // It waits until the market has seen this piece: a buffer anywhere would stop it for good.
        await next.promise;
      }
      response.end('data: [DONE]\n\n');
    });
    const id = session.ask('chat.completions', chat);
    for (const [n, next] of written.entries()) {
      await session.frame((frame) => String(payloadOf(frame)?.chunk).includes(`"n":${n}`));
      expect(session.of(id).some(({ event }) => event === 'done')).toBe(false);
      next.resolve();
    }
    expect(await session.end(id)).toMatchObject({ event: 'done' });
  });

  it('of 50 MB costs little memory while a slow market lets it wait', async () => {
    const total = 50 * 1024 ** 2;
    let written = 0;
    const sent = createHash('sha256');
    const { session, child } = await withUpstream(async (_request, response) => {
      response.writeHead(200, events);
      while (written < total) {
        const block = Buffer.from(`data: "${String(written).padEnd(32_000, 'é')}"\n\n`);
        written += block.length;
        sent.update(block);
        if (!response.write(block)) await once(response, 'drain');
      }
      response.end();
    });
    await session.end(session.ask('models.list'));
    const before = residentMb(child.pid);
    session.socket.pause();
    const id = session.ask('chat.completions', chat);
    const waiting = await stillness(() => written);
    expect(waiting).toBeLessThan(total / 2);
    const during = residentMb(child.pid);
    session.socket.resume();
    expect(await session.end(id)).toMatchObject({ event: 'done' });
    const received = createHash('sha256').update(session.text(id)).digest('hex');
    expect(received).toBe(sent.digest('hex'));
    // The bound on unsent bytes is 1 MB; what the answer would be as text is 100 MB.
    expect(during - before).toBeLessThan(30);
    expect(residentMb(child.pid) - before).toBeLessThan(40);
  }, 60_000);

  it('never breaks a character, however the engine cuts its bytes', async () => {
    let pieces: readonly Buffer[] = [];
    const { session } = await withUpstream(async (_request, response) => {
      response.writeHead(200, events);
      for (const piece of pieces) {
        response.write(piece);
        await new Promise((resolve) => setImmediate(resolve));
      }
      response.end();
    });
    const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 });
    const property = fc.asyncProperty(text, fc.array(fc.nat(160)), async (content, cuts) => {
      const bytes = Buffer.from(content);
      const borders = [0, ...cuts.sort((a, b) => a - b), bytes.length];
      pieces = borders.slice(1).map((end, n) => bytes.subarray(borders[n], end));
      const id = session.ask('chat.completions', chat);
      expect(await session.end(id)).toMatchObject({ event: 'done' });
      expect(session.text(id)).toBe(content);
    });
    await fc.assert(property, { numRuns: 60 });
  });
});

/** The memory of a process, where the system tells it; elsewhere nothing is proved. */
function residentMb(pid: number | undefined): number {
  const file = `/proc/${pid}/status`;
  const found = existsSync(file) && /VmRSS:\s+(\d+) kB/.exec(readFileSync(file, 'utf8'));
  return found ? Number(found[1]) / 1024 : 0;
}

/** The figure once it has not changed in 20 looks, 20 ms apart: nothing tells that nothing happens. */
async function stillness(figure: () => number): Promise<number> {
  for (let last = -1, same = 0; same < 20; ) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    same = figure() === last && last > 0 ? same + 1 : 0;
    last = figure();
  }
  return figure();
}
