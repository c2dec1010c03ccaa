import { once } from 'node:events';
import { readdir, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { findFreePorts } from './free-ports.js';
import { keepFirst, readKept, writeKept } from './kept-file.js';
import { keptPorts } from './kept-ports.js';
import { type ThrowAwayFolder, throwAwayFolder } from './throw-away-folder.js';

let folder: ThrowAwayFolder;
beforeEach(async () => {
  folder = await throwAwayFolder();
});
afterEach(() => folder.remove());

describe(keepFirst, () => {
  it('lets the first of several writers win, and nobody else read', async () => {
    const path = join(folder.path, 'secrets.json');
    const kept = await Promise.all([1, 2, 3, 4].map((value) => keepFirst(path, { value })));
    expect(new Set(kept.map(({ value }) => value)).size).toBe(1);
    expect(await readKept(path)).toEqual(kept[0]);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder.path)).toEqual(['secrets.json']);
  });
});

describe(writeKept, () => {
  it('replaces what was there', async () => {
    const path = join(folder.path, 'x.json');
    expect(await readKept(path)).toBeUndefined();
    await writeKept(path, [1]);
    await writeKept(path, [2]);
    expect(await readKept(path)).toEqual([2]);
  });
});

describe(keptPorts, () => {
  it('keeps the ports of a folder while they are free', async () => {
    const first = await keptPorts(folder.path, ['a', 'b']);
    expect(await keptPorts(folder.path, ['b', 'a', 'c'])).toMatchObject(first);
    const taken = createServer().listen(first.a, '127.0.0.1');
    await once(taken, 'listening');
    const second = await keptPorts(folder.path, ['a', 'b']);
    expect(second.b).toBe(first.b);
    expect(second.a).not.toBe(first.a);
    taken.close();
  });
});

describe(findFreePorts, () => {
  it('finds different ones, below those of outgoing connections', async () => {
    const ports = await findFreePorts(50);
    expect(new Set(ports).size).toBe(50);
    expect(Math.max(...ports)).toBeLessThan(32_768);
  });
});
