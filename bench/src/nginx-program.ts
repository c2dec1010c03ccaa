import { execFile } from 'node:child_process';
import { access, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder, guard } from '@aisbf/one-machine';

const run = promisify(execFile);

export type NginxProgram =
  | Readonly<{ command: string; env: Readonly<Record<string, string>>; version: string }>
  | Readonly<{ missing: string }>;

/** A mirror that hangs must not hang the measurement. */
const aptMs = 60_000;

/** nginx on PATH, else out of the distribution's packages, unpacked into this user's cache without root. */
export async function findNginx(): Promise<NginxProgram> {
  const onPath = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const folder of [...onPath, '/usr/sbin', '/usr/local/sbin']) {
    const found = await proved(join(folder, 'nginx'), {});
    if (found !== undefined) return found;
  }
  const folder = join(cacheFolder(), `nginx-${await systemName()}`);
  try {
    await access(folder).catch(() => fetchInto(folder));
  } catch (error) {
    return { missing: `not on PATH, and apt-get did not bring it: ${firstLine(error)}` };
  }
  const libraries = await libraryFolders(join(folder, 'usr/lib'));
  const env = { LD_LIBRARY_PATH: libraries.join(':') };
  const unpacked = await proved(join(folder, 'usr/sbin/nginx'), env);
  return unpacked ?? { missing: 'not on PATH, and the one of the distribution does not start' };
}

/** Programs of one release do not run on another, and a home may be shared. */
async function systemName(): Promise<string> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const field = (name: string): string =>
    new RegExp(`^${name}="?([^"\n]*)"?$`, 'm').exec(release)?.[1] ?? '';
  return `${field('ID')}-${field('VERSION_ID')}-${process.arch}`;
}

async function proved(
  command: string,
  env: Readonly<Record<string, string>>,
): Promise<NginxProgram | undefined> {
  try {
    // It tells its version on stderr.
    const { stderr } = await run(command, ['-v'], { env });
    return { command, env, version: /nginx\/(\S+)/.exec(stderr)?.[1] ?? '' };
  } catch {
    return undefined;
  }
}

async function fetchInto(folder: string): Promise<void> {
  const draft = `${folder}.${process.pid}`;
  guard.removeAtEnd(draft);
  try {
    const archives = join(draft, 'apt/cache/archives');
    await mkdir(join(draft, 'apt/state/lists/partial'), { recursive: true });
    await mkdir(join(archives, 'partial'), { recursive: true });
    const settings = [
      `Dir::State=${draft}/apt/state`,
      // What is installed, so that only what is missing is fetched.
      'Dir::State::status=/var/lib/dpkg/status',
      `Dir::Cache=${draft}/apt/cache`,
      `Dir::Log=${draft}/apt`,
      'Debug::NoLocking=1',
      'APT::Sandbox::User=',
    ].flatMap((setting) => ['-o', setting]);
    const aptGet = (...args: readonly string[]) =>
      run('apt-get', [...settings, '-q', ...args], { cwd: archives, timeout: aptMs });
    await aptGet('update');
    await aptGet('install', '-y', '--no-install-recommends', '--download-only', 'nginx');
    for (const name of await readdir(archives)) {
      if (!name.endsWith('.deb')) continue;
      await run('dpkg-deb', ['-x', join(archives, name), join(draft, 'root')]);
    }
    await rename(join(draft, 'root'), folder);
  } finally {
    await rm(draft, { recursive: true, force: true });
    guard.keep(draft);
  }
}

async function libraryFolders(parent: string): Promise<readonly string[]> {
  const names = await readdir(parent).catch(() => []);
  return names.filter((name) => name.includes('-linux-')).map((name) => join(parent, name));
}

function firstLine(error: unknown): string {
  const { stderr } = error as { stderr?: string };
  return (stderr?.trim() || String(error)).split('\n')[0] ?? '';
}
