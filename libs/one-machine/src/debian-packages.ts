import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { access, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from './cache-folder.js';
import { guard } from './guard.js';

const run = promisify(execFile);

/** The servers' programs, unpacked but not installed. */
export type UnpackedPrograms = Readonly<{ folder: string; libraryPath: string }>;

/** Packages that are fetched and kept together. */
export type PackageSet = Readonly<{
  /** Ends the name of their folder in the cache. */
  suffix: string;
  packages: readonly string[];
  /** What these need on a machine that has little: for when apt cannot work out what is missing. */
  libraries: readonly string[];
  /** Fails where they do not run here: such must not be cached. */
  prove: (unpacked: UnpackedPrograms) => Promise<void>;
}>;

const servers: PackageSet = {
  suffix: '',
  packages: ['redis-server', 'nats-server'],
  libraries: ['redis-tools', 'libjemalloc2', 'liblzf1'],
  prove: async ({ folder, libraryPath }) => {
    const env = { LD_LIBRARY_PATH: libraryPath };
    await run(await programIn(folder, 'redis-server'), ['--version'], { env });
    await run(await programIn(folder, 'nats-server'), ['--version'], { env });
  },
};

/** A slow mirror may take this long; one that hangs must not hang us. */
const aptMs = 180_000;

let fetching: Promise<UnpackedPrograms | undefined> | undefined;

/**
 * Redis and NATS from the Debian or Ubuntu that this machine runs, without root: fetched with apt's own
 * keys and sources into a private state, and unpacked into this user's cache once. Undefined where there
 * is no apt.
 */
export function debianPrograms(): Promise<UnpackedPrograms | undefined> {
  fetching ??= unpackedPackages(servers);
  return fetching;
}

/** The same for any packages. */
export async function unpackedPackages(set: PackageSet): Promise<UnpackedPrograms | undefined> {
  const system = await debianSystem();
  if (system === undefined) return undefined;
  const folder = join(cacheFolder(), `${system}${set.suffix}`);
  if (!(await exists(folder))) await fetchInto(folder, set);
  return unpackedIn(folder);
}

async function unpackedIn(folder: string): Promise<UnpackedPrograms> {
  return { folder, libraryPath: (await libraryFolders(folder)).join(':') };
}

/** Distribution, release and processor, since programs of one do not run on the other. */
async function debianSystem(): Promise<string | undefined> {
  try {
    const { stdout } = await run('dpkg', ['--print-architecture']);
    const release = await readFile('/etc/os-release', 'utf8');
    const field = (name: string): string =>
      new RegExp(`^${name}="?([^"\n]*)"?$`, 'm').exec(release)?.[1] ?? '';
    return `${field('ID')}-${field('VERSION_ID')}-${stdout.trim()}`;
  } catch {
    // No dpkg or no such file: another system.
    return undefined;
  }
}

/** Two processes may do this at once: each works in a folder of its own, and the first to finish wins. */
async function fetchInto(folder: string, set: PackageSet): Promise<void> {
  const draft = `${folder}.${randomBytes(6).toString('hex')}`;
  guard.removeAtEnd(draft);
  try {
    await mkdir(join(draft, 'apt/state/lists/partial'), { recursive: true });
    await mkdir(join(draft, 'apt/cache/archives/partial'), { recursive: true });
    const archives = await download(join(draft, 'apt'), set);
    for (const archive of archives) await run('dpkg-deb', ['-x', archive, join(draft, 'root')]);
    await set.prove(await unpackedIn(join(draft, 'root')));
    await rename(join(draft, 'root'), folder);
  } catch (error) {
    if (!(await exists(folder))) throw error;
  } finally {
    await rm(draft, { recursive: true, force: true });
    guard.keep(draft);
  }
}

async function download(
  apt: string,
  { packages, libraries }: PackageSet,
): Promise<readonly string[]> {
  const archives = join(apt, 'cache/archives');
  const settings = [
    `Dir::State=${apt}/state`,
    // What is installed, so that only what is missing is fetched.
    'Dir::State::status=/var/lib/dpkg/status',
    `Dir::Cache=${apt}/cache`,
    `Dir::Log=${apt}`,
    'Debug::NoLocking=1',
    'APT::Sandbox::User=',
    'Acquire::Retries=2',
  ].flatMap((setting) => ['-o', setting]);
  const aptGet = (...args: readonly string[]) =>
    run('apt-get', [...settings, '-q', ...args], { cwd: archives, timeout: aptMs });
  // One broken source among many does not matter; whether the packages can be had, the next step tells.
  const update = await aptGet('update').catch((error: unknown) => error);
  try {
    await aptGet('install', '-y', '--no-install-recommends', '--download-only', ...packages);
  } catch {
    // The machine's own packages are in disorder, which does not keep these from being fetched.
    await aptGet('download', ...packages, ...libraries).catch((error: unknown) => {
      throw new Error(`apt-get could not fetch ${packages.join(' and ')}: ${saidBy(error)}`, {
        cause: update instanceof Error ? update : error,
      });
    });
  }
  const names = await readdir(archives);
  return names.filter((name) => name.endsWith('.deb')).map((name) => join(archives, name));
}

function saidBy(error: unknown): string {
  const { stderr } = error as { stderr?: string };
  return stderr?.trim() || String(error);
}

/** Debian keeps servers in `sbin` or in `bin`, as each package likes. */
export async function programIn(root: string, name: string): Promise<string> {
  const inSbin = join(root, 'usr/sbin', name);
  return (await exists(inSbin)) ? inSbin : join(root, 'usr/bin', name);
}

/** `usr/lib/<processor>-linux-gnu` and its like. */
async function libraryFolders(root: string): Promise<readonly string[]> {
  const parents = [join(root, 'usr/lib'), join(root, 'lib')];
  const found = await Promise.all(
    parents.map(async (parent) => {
      const names = await readdir(parent).catch(() => []);
      return names.filter((name) => name.includes('-linux-')).map((name) => join(parent, name));
    }),
  );
  return found.flat();
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
