import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findFreePorts } from './free-ports.js';
import { startService } from './service.js';
import { type ThrowAwayFolder, throwAwayFolder } from './throw-away-folder.js';

let folder: ThrowAwayFolder;
let script: string;

/** Becomes ready at the third question. */
const fakeService = `
  import { createServer } from 'node:http';
  if (process.env.FAKE_FAULT) throw new Error(process.env.FAKE_FAULT);
  let asked = 0;
  createServer((request, response) => {
    if (request.url === '/readyz') response.statusCode = ++asked < 3 ? 503 : 200;
    response.end(JSON.stringify({ asked, secret: process.env.FAKE_SECRET, leaked: process.env.LEAK }));
  }).listen(process.env.FAKE_HTTP_PORT, '127.0.0.1');
  process.on('SIGTERM', () => process.exit(0));
  console.log('fake is up');
`;

const start = async (env: Readonly<Record<string, string>> = {}) => {
  const [port] = await findFreePorts(1);
  return startService({
    name: 'fake',
    env: { FAKE_HTTP_PORT: String(port), ...env },
    dataDir: folder.path,
    script,
  });
};

beforeAll(async () => {
  folder = await throwAwayFolder();
  script = join(folder.path, 'fake.mjs');
  await writeFile(script, fakeService);
});
afterAll(() => folder.remove());

describe(startService, () => {
  it('waits until the service says that it is ready, and gives it only its own settings', async () => {
    process.env.LEAK = 'of our environment';
    const service = await start({ FAKE_SECRET: 's' });
    expect(await (await fetch(service.url)).json()).toEqual({ asked: 3, secret: 's' });
    expect(service.logFile).toBe(join(folder.path, 'logs/fake.log'));
    await service.stop();
    expect(await service.exited).toEqual({ code: 0, signal: null });
  });

  it('brings it back on the same port after it was killed', async () => {
    const service = await start();
    const { pid, url } = service;
    await service.kill();
    await expect(fetch(url)).rejects.toThrow();
    await service.restart();
    expect(service.pid).not.toBe(pid);
    expect((await fetch(url)).status).toBe(200);
    await service.stop();
  });

  it('shows why a service does not come up', async () => {
    await expect(start({ FAKE_FAULT: 'no settings' })).rejects.toThrow(
      /fake ended before it was ready.*no settings/s,
    );
  });
});
