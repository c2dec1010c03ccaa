import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';

/** Reads a JSON file that this library wrote; undefined where there is none. */
export async function readKept<Value>(path: string): Promise<Value | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Value;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Replaces the file as a whole: a reader, or a crash, finds the old one or the new one. */
export async function writeKept(path: string, value: unknown): Promise<void> {
  await rename(await writeBeside(path, value), path);
}

/** Writes the file unless it is there, and returns what is there afterwards. */
export async function keepFirst<Value>(path: string, value: Value): Promise<Value> {
  const draft = await writeBeside(path, value);
  try {
    await link(draft, path);
    return value;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return JSON.parse(await readFile(path, 'utf8')) as Value;
  } finally {
    await rm(draft);
  }
}

async function writeBeside(path: string, value: unknown): Promise<string> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  // Secrets are kept this way too, so nobody else may read any of it.
  await writeFile(draft, `${JSON.stringify(value, undefined, 2)}\n`, { mode: 0o600 });
  return draft;
}
