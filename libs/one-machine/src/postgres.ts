import { execFile } from 'node:child_process';
import { chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { Daemon } from './daemon.js';
import { findPostgres, type PostgresProgram } from './postgres-program.js';
import { type Server, serverAt } from './server.js';

export type StartPostgres = Readonly<{
  /** The server's own folder; made on the first start. */
  dataDir: string;
  port: number;
  /** The superuser's, fixed at the first start of the folder. */
  password: string;
  logFile: string;
  /** Nothing survives a crash of the machine, and everything is faster: for tests. */
  throwAway?: boolean;
}>;

const superuser = 'aisbf';
const database = 'aisbf';
/** Includes the recovery of a large log after a crash. */
const readyTimeoutMs = 60_000;
/** A fast shutdown writes everything out first. */
const stopGraceMs = 8_000;
/** How long a server of a start that crashed may take to end: its guard's grace and some. */
const predecessorMs = 15_000;

/** Starts the Postgres that came from npm on 127.0.0.1, making its cluster where there is none. */
export async function startPostgres(options: StartPostgres): Promise<Server> {
  const { dataDir, port, password } = options;
  await mkdir(dataDir, { recursive: true });
  const program = await findPostgres(dataDir);
  if (!(await hasCluster(dataDir))) await makeCluster(program, options);
  await awaitPredecessor(dataDir);
  const url = `postgresql://${superuser}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;
  const daemon = new Daemon({
    name: 'postgres',
    ...program.commandLine('postgres', serverArguments(options)),
    cwd: '/',
    env: { PATH: process.env.PATH ?? '', LC_ALL: 'C' },
    logFile: options.logFile,
    // "Fast shutdown": ends the sessions, keeps every commit.
    stopSignal: 'SIGINT',
    stopGraceMs,
    port,
    readyTimeoutMs,
    isReady: () => answers(port, password),
  });
  await daemon.start();
  return serverAt(url, daemon);
}

async function hasCluster(dataDir: string): Promise<boolean> {
  return readFile(`${dataDir}/PG_VERSION`).then(
    () => true,
    // Only "there is none" may lead to a new one.
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      return false;
    },
  );
}

/** Makes the cluster beside its place and moves it there whole, so that an interrupted one is never used. */
async function makeCluster(program: PostgresProgram, options: StartPostgres): Promise<void> {
  const draft = `${options.dataDir}.new`;
  const passwordFile = `${options.dataDir}.password`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o700 });
  await writeFile(passwordFile, options.password, { mode: 0o600 });
  if (program.owner !== undefined) {
    const { uid, gid } = program.owner;
    await Promise.all([draft, passwordFile].map((path) => chown(path, uid, gid)));
  }
  try {
    const { command, args, ...as } = program.commandLine('initdb', [
      `--pgdata=${draft}`,
      `--username=${superuser}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      // Sorts the same on every machine, whatever its C library.
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--locale=C',
      '--data-checksums',
      '--no-instructions',
      ...(options.throwAway ? ['--no-sync'] : []),
    ]);
    await promisify(execFile)(command, args, { ...as, cwd: '/', env: { LC_ALL: 'C' } });
  } finally {
    await rm(passwordFile, { force: true });
  }
  await rm(options.dataDir, { recursive: true, force: true });
  await rename(draft, options.dataDir);
}

function serverArguments({ dataDir, port, throwAway }: StartPostgres): readonly string[] {
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    max_connections: '200',
    shared_buffers: '256MB',
    // A checkpoint, and each new file of the log that is not an old one again, holds up commits for some 50 ms: few of
    // both. The price is disk space, and a recovery that may take a few seconds longer.
    max_wal_size: '4GB',
    min_wal_size: '512MB',
    // What the kernel gathers and then writes at once holds up the log as well.
    backend_flush_after: '256kB',
    // An answered commit is on disk: the ledger's promises rest on it.
    synchronous_commit: 'on',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_line_prefix: '%m [%p] %u@%d ',
    ...(throwAway
      ? {
          fsync: 'off',
          full_page_writes: 'off',
          // In the data folder, so that it goes with it.
          dynamic_shared_memory_type: 'mmap',
        }
      : {}),
  };
  return [
    '-D',
    dataDir,
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
}

/**
 * After a crash the server may still be shutting down, or its pid file may name a process that has nothing
 * to do with it, which Postgres itself cannot tell.
 */
async function awaitPredecessor(dataDir: string): Promise<void> {
  const path = `${dataDir}/postmaster.pid`;
  const deadlineMs = Date.now() + predecessorMs;
  for (;;) {
    const content = await readFile(path, 'utf8').catch(() => undefined);
    if (content === undefined) return;
    const pid = Number(content.split('\n', 1)[0]);
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (!commandLine.includes(dataDir)) {
      if (process.platform === 'linux') await rm(path, { force: true });
      return;
    }
    if (Date.now() > deadlineMs) {
      throw new Error(`Another Postgres (process ${pid}) still runs on ${dataDir}.`);
    }
    await delay(50);
  }
}

async function answers(port: number, password: string): Promise<boolean> {
  const client = new Client({
    host: '127.0.0.1',
    port,
    user: superuser,
    password,
    database: 'postgres',
    connectionTimeoutMillis: 5_000,
  });
  // A server that goes down again while we ask; the query fails too.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } finally {
    await client.end();
  }
}
