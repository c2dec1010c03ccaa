import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Metrics } from '@aisbf/platform';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Spool } from '../services/spools.js';
import { DiskSpools } from './disk-spools.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aisbf-spools-'));
});
afterAll(() => rm(folder, { recursive: true }));

function spoolsOf(heldBytesMax: number, allHeldBytesMax = heldBytesMax) {
  const metrics = new Metrics('test');
  const spools = new DiskSpools({ folder, heldBytesMax, allHeldBytesMax }, metrics);
  const held = async () =>
    Number(/^aisbf_test_spooled_bytes_held\S* (\d+)$/m.exec(await metrics.registry.metrics())?.[1]);
  return { spools, held };
}

async function filled(spool: Spool, pieces: readonly Uint8Array[]): Promise<Spool> {
  for (const piece of pieces) await spool.write(piece);
  return spool;
}

async function all(spool: Spool): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of spool.open()) pieces.push(piece);
  return Buffer.concat(pieces);
}

describe(DiskSpools, () => {
  it('gives back what it was given, from every place on, wherever that lies', async () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 2_000 }), { maxLength: 8 });
    const room = fc.constantFrom(0, 1_500, 1_000_000);
    await fc.assert(
      fc.asyncProperty(pieces, room, fc.nat(), fc.nat(3_000), async (given, heldMax, at, size) => {
        const spool = await filled(spoolsOf(heldMax).spools.begin(), given);
        const whole = Buffer.concat(given);
        expect(spool.bytes).toBe(whole.length);
        const from = at % (whole.length + 1);
        const into = new Uint8Array(size);
        const length = await spool.read(into, from);
        expect(length).toBe(Math.min(size, whole.length - from));
        expect(Buffer.from(into.subarray(0, length))).toEqual(whole.subarray(from, from + length));
        expect(await all(spool)).toEqual(whole);
        expect(await all(spool)).toEqual(whole);
        await spool.discard();
      }),
    );
  });

  it('is read by several at once, each of whom gets all of it', async () => {
    for (let round = 0; round < 20; round += 1) {
      const content = Buffer.alloc(200_000 + round, 'some bytes');
      const spool = await filled(spoolsOf(0).spools.begin(), [content]);
      const read = await Promise.all(Array.from({ length: 4 }, () => all(spool)));
      expect(read.every((one) => one.equals(content))).toBe(true);
      await spool.discard();
    }
  });

  it('goes on being written after it was read', async () => {
    const spool = await filled(spoolsOf(0).spools.begin(), [Buffer.from('one')]);
    expect(String(await all(spool))).toBe('one');
    await spool.write(Buffer.alloc(600_000, 'x'));
    expect(await all(spool)).toEqual(
      Buffer.concat([Buffer.from('one'), Buffer.alloc(600_000, 'x')]),
    );
    await spool.discard();
  });

  it('holds in memory what is small, as long as there is room, and nothing else', async () => {
    const { spools, held } = spoolsOf(10_000, 15_000);
    const first = await filled(spools.begin(), [Buffer.alloc(9_000)]);
    expect(await held()).toBeGreaterThan(9_000);
    const second = await filled(spools.begin(), [Buffer.alloc(9_000)]);
    expect(await held()).toBeLessThan(10_000);
    await first.discard();
    await first.discard();
    expect(await held()).toBe(0);
    const third = await filled(spools.begin(), [Buffer.alloc(9_000), Buffer.alloc(9_000)]);
    expect(await held()).toBe(0);
    await Promise.all([second.discard(), third.discard()]);
    expect(await held()).toBe(0);
  });

  it('counts pieces for more than their bytes, which may be one each', async () => {
    const { spools, held } = spoolsOf(10_000);
    const pieces = Array.from({ length: 5_000 }, () => Buffer.alloc(1));
    const spool = await filled(spools.begin(), pieces);
    expect(spool.bytes).toBe(5_000);
    expect(await held()).toBe(0);
    await spool.discard();
  });

  it('leaves no name on the disk, and nothing to read where it was discarded', async () => {
    const spool = await filled(spoolsOf(0).spools.begin(), [Buffer.alloc(1_000_000)]);
    expect(await readdir(folder)).toEqual([]);
    await spool.discard();
    await expect(spool.read(new Uint8Array(1), 0)).rejects.toThrow('discarded');
    await expect(spool.write(new Uint8Array(1))).rejects.toThrow('discarded');
  });

  it('says so where the disk takes nothing, and takes no room for it', async () => {
    const metrics = new Metrics('test');
    const limits = { folder: join(folder, 'missing'), heldBytesMax: 10, allHeldBytesMax: 10 };
    const spool = new DiskSpools(limits, metrics).begin();
    await expect(spool.write(Buffer.alloc(100))).rejects.toThrow('ENOENT');
    await expect(spool.write(Buffer.alloc(1))).rejects.toThrow('ENOENT');
    await spool.discard();
    expect(await metrics.registry.metrics()).toMatch(/spooled_bytes_held\S* 0$/m);
  });
});
