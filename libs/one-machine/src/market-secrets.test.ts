import { randomBytes } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { marketSecrets } from './market-secrets.js';
import { type ThrowAwayFolder, throwAwayFolder } from './throw-away-folder.js';

const folders: ThrowAwayFolder[] = [];
let dataDir: string;

beforeEach(async () => {
  const folder = await throwAwayFolder();
  folders.push(folder);
  dataDir = folder.path;
});

afterAll(async () => {
  for (const folder of folders) await folder.remove();
});

describe(marketSecrets, () => {
  it('makes them once, in a file that nobody else may read', async () => {
    const made = await marketSecrets(dataDir);
    expect(made.routerCredentialKeys).toMatch(/^first:[A-Za-z0-9+/]{43}=$/);
    expect(await marketSecrets(dataDir)).toEqual(made);
    expect((await stat(join(dataDir, 'secrets.json'))).mode & 0o077).toBe(0);
  });

  it('finds the one key of a folder from before keys had ids, and leaves the file alone', async () => {
    const { routerCredentialKeys: _, ...others } = await marketSecrets(dataDir);
    const routerCredentialKey = randomBytes(32).toString('base64');
    const text = JSON.stringify({ ...others, routerCredentialKey });
    await writeFile(join(dataDir, 'secrets.json'), text);
    expect(await marketSecrets(dataDir)).toEqual({
      ...others,
      routerCredentialKeys: `first:${routerCredentialKey}`,
    });
    expect(await readFile(join(dataDir, 'secrets.json'), 'utf8')).toBe(text);
  });

  it('takes the keys that an operator has written into it', async () => {
    const secrets = await marketSecrets(dataDir);
    const key = `second:${randomBytes(32).toString('base64')}`;
    const routerCredentialKeys = `${key},${secrets.routerCredentialKeys}`;
    await writeFile(
      join(dataDir, 'secrets.json'),
      JSON.stringify({ ...secrets, routerCredentialKeys }),
    );
    expect((await marketSecrets(dataDir)).routerCredentialKeys).toBe(routerCredentialKeys);
  });
});
