import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findFreePorts } from './free-ports.js';
import { firstLine } from './greeting.js';
import { startNats } from './nats.js';
import { startRedis } from './redis.js';
import { type ThrowAwayFolder, throwAwayFolder } from './throw-away-folder.js';

let folder: ThrowAwayFolder;
beforeAll(async () => {
  folder = await throwAwayFolder();
});
afterAll(() => folder.remove());

const place = async (name: string) => {
  const [port = 0] = await findFreePorts(1);
  return { dataDir: join(folder.path, name), port, logFile: join(folder.path, `${name}.log`) };
};

describe(startRedis, () => {
  it('keeps its data from one start to the next', async () => {
    const options = await place('redis');
    const first = await startRedis(options);
    expect(await firstLine(options.port, 'SET kept 1\r\n')).toBe('+OK');
    await first.stop();
    const second = await startRedis(options);
    expect(await firstLine(options.port, 'STRLEN kept\r\n')).toBe(':1');
    expect(second.url).toBe(`redis://127.0.0.1:${options.port}`);
    await second.stop();
    await expect(firstLine(options.port)).rejects.toThrow('ECONNREFUSED');
  });

  it('keeps nothing of a throw-away one', async () => {
    const options = { ...(await place('redis-once')), throwAway: true };
    const first = await startRedis(options);
    await firstLine(options.port, 'SET gone 1\r\n');
    await first.stop();
    const second = await startRedis(options);
    expect(await firstLine(options.port, 'STRLEN gone\r\n')).toBe(':0');
    await second.stop();
  });
});

describe(startNats, () => {
  it('has JetStream, and listens on this machine only', async () => {
    const options = await place('nats');
    const nats = await startNats(options);
    const info = JSON.parse((await firstLine(options.port)).slice('INFO '.length)) as object;
    expect(info).toMatchObject({ jetstream: true, host: '127.0.0.1' });
    expect(nats.pid).toBeGreaterThan(1);
    await nats.stop();
    expect(nats.pid).toBeUndefined();
  });

  it('does not take another server on its port for itself', async () => {
    const options = await place('nats-taken');
    const first = await startNats(options);
    const second = startNats({ ...options, dataDir: join(folder.path, 'nats-other') });
    await expect(second).rejects.toThrow(`something else listens on port ${options.port}`);
    await first.stop();
  });
});
