import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { debianPrograms, programIn } from './debian-packages.js';

/** A server program that no npm package brings. */
export type SystemProgramName = 'redis-server' | 'nats-server';

/** What to start, and with which environment it finds its libraries. */
export type SystemProgram = Readonly<{ command: string; env: Readonly<Record<string, string>> }>;

const urlSetting: Readonly<Record<SystemProgramName, string>> = {
  'redis-server': 'REDIS_URL',
  'nats-server': 'NATS_URL',
};

/** Finds the program on PATH, else in the distribution's packages, fetched without root. */
export async function findProgram(name: SystemProgramName): Promise<SystemProgram> {
  const path = process.env.PATH ?? '';
  const installed = await onPath(name, path);
  if (installed !== undefined) return { command: installed, env: { PATH: path } };
  let cause: unknown;
  try {
    const fetched = await debianPrograms();
    if (fetched !== undefined) {
      return {
        command: await programIn(fetched.folder, name),
        env: { PATH: path, LD_LIBRARY_PATH: fetched.libraryPath },
      };
    }
  } catch (error) {
    cause = error;
  }
  throw new Error(`${name} is missing. ${advice(name)}${cause ? `\n(${String(cause)})` : ''}`, {
    cause,
  });
}

function advice(name: SystemProgramName): string {
  const how =
    process.platform === 'darwin'
      ? `"brew install ${name === 'redis-server' ? 'redis' : 'nats-server'}"`
      : `the package ${name} of your distribution ("apt-get install ${name}" on Debian and Ubuntu)`;
  return `Install it with ${how}, so that it is on PATH, or name a running server in ${urlSetting[name]}.`;
}

async function onPath(name: string, path: string): Promise<string | undefined> {
  // Debian puts servers where ordinary users do not look.
  for (const folder of [...path.split(delimiter), '/usr/sbin', '/usr/local/sbin']) {
    if (folder === '') continue;
    const candidate = join(folder, name);
    const isThere = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return candidate;
  }
  return undefined;
}
