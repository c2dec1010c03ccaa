import { join } from 'node:path';
import { findFreePorts, isFreePort } from './free-ports.js';
import { readKept, writeKept } from './kept-file.js';

/**
 * A port for each name: the one used last time from this folder while it is free, else a new one. What was
 * handed out before therefore stays right: bookmarks, and workers that reconnect.
 */
export async function keptPorts<Name extends string>(
  dataDir: string,
  names: readonly Name[],
): Promise<Record<Name, number>> {
  const path = join(dataDir, 'ports.json');
  const before = (await readKept<Record<string, number>>(path)) ?? {};
  const stillFree = await Promise.all(
    names.map(async (name) => {
      const port = before[name];
      return port !== undefined && (await isFreePort(port)) ? port : undefined;
    }),
  );
  const fresh = await findFreePorts(stillFree.filter((port) => port === undefined).length);
  const ports = Object.fromEntries(
    names.map((name, index) => [name, stillFree[index] ?? fresh.pop()]),
  ) as Record<Name, number>;
  await writeKept(path, { ...before, ...ports });
  return ports;
}

/** Remembers one port beside the others, so that the next start tries it first. */
export async function rememberPort(dataDir: string, name: string, port: number): Promise<void> {
  const path = join(dataDir, 'ports.json');
  await writeKept(path, { ...(await readKept<Record<string, number>>(path)), [name]: port });
}

/** The port that was remembered under this name, free or not. */
export async function rememberedPort(dataDir: string, name: string): Promise<number | undefined> {
  return (await readKept<Record<string, number>>(join(dataDir, 'ports.json')))?.[name];
}
