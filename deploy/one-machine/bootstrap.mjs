#!/usr/bin/env node
/**
 * From a fresh clone to a running command: installs and builds what is missing, then runs the command on
 * the Node that the project brings along. Plain JavaScript without dependencies, since nothing is there yet
 * when it runs; any Node from 20 on can read it.
 *
 *   node deploy/one-machine/bootstrap.mjs start|test|test:long|bench|reconcile|worker [arguments]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { projectNode } from './project-node.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const nodeMajorMin = 20;
/** How `flock` says that somebody else has the lock. */
const lockedExitCode = 75;
/** One Ctrl-C arrives from the terminal and again from npm. */
const sameSignalMs = 300;
const parentPollMs = 1_000;

const commands = {
  start: ['libs/one-machine/dist/start.js'],
  test: ['libs/testkit/dist/run-tests.js'],
  'test:long': ['libs/testkit/dist/run-tests.js', '--long'],
  bench: ['bench/dist/main.js'],
  reconcile: ['apps/accounts/dist/main.js', 'reconcile'],
  worker: ['apps/worker/dist/main.js'],
};

const startedMs = Date.now();
const [name, ...args] = process.argv.slice(2);
const command = Object.hasOwn(commands, name ?? '') ? commands[name] : undefined;
if (command === undefined) {
  stopWith(`Usage: bootstrap.mjs ${Object.keys(commands).join('|')} [arguments]`, 2);
}
if (Number(process.versions.node.split('.')[0]) < nodeMajorMin) {
  stopWith(`Node ${nodeMajorMin} or newer is needed; this is ${process.version}.`, 1);
}

/** The process that runs at the moment, in a group of its own so that each signal reaches it once. */
let current;
followSignals();
followNpm();

const env = { ...process.env, AISBF_STARTED_MS: String(startedMs) };
const prepared = await prepare();
if (prepared !== 0) process.exit(prepared);
const node = projectNode(root);
if (node === undefined) {
  stopWith(
    `Node 24 or newer is needed here, since none comes with npm for ${process.platform} on ${process.arch}; this is ${process.version}.`,
    1,
  );
}
const [script, ...presetArgs] = command;
const scriptArgs = [`${root}${script}`, ...presetArgs, ...args];
process.exit(await run(node, ['--import', besides('follow-parent.mjs'), ...scriptArgs]));

/** Installs and builds, one process a checkout at a time. */
async function prepare() {
  const script = [
    process.execPath,
    '--import',
    besides('follow-parent.mjs'),
    besides('prepare.mjs'),
  ];
  if (!existsSync('/usr/bin/flock') && !existsSync('/bin/flock'))
    return run(script[0], script.slice(1));
  // The system frees the lock with the last process that holds it, whatever happened to this one.
  const flock = ['--no-fork', '--conflict-exit-code', String(lockedExitCode)];
  const locked = [`${root}package.json`, ...script];
  const code = await run('flock', [...flock, '--nonblock', ...locked]);
  if (code !== lockedExitCode) return code;
  console.log('Waiting for another command that installs or builds in this folder …');
  return run('flock', [...flock, ...locked]);
}

/** Runs a program to its end and returns its exit code. */
async function run(program, programArgs) {
  // The channel closes when we end, in whatever way; `follow-parent.mjs` listens to that.
  current = spawn(program, programArgs, {
    cwd: root,
    env,
    detached: true,
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  const failed = once(current, 'error').then(([error]) => stopWith(String(error), 1));
  const [code, signal] = await Promise.race([once(current, 'exit'), failed]);
  current = undefined;
  return code ?? 128 + constants.signals[signal];
}

function followSignals() {
  const lastMs = new Map();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      const isSame = Date.now() - (lastMs.get(signal) ?? 0) < sameSignalMs;
      if (isSame) return;
      lastMs.set(signal, Date.now());
      if (current === undefined) process.exit(128 + constants.signals[signal]);
      current.kill(signal);
    });
  }
}

/** npm passes signals on but cannot when it is killed; then nobody waits for us any more. */
function followNpm() {
  const { env: ownEnv, ppid } = process;
  if (ownEnv.npm_lifecycle_event === undefined) return;
  // Between npm and us stands its shell, which outlives it.
  const npm = parentOf(ppid);
  const timer = setInterval(() => {
    if (process.ppid === ppid && parentOf(ppid) === npm) return;
    clearInterval(timer);
    current?.kill('SIGTERM');
  }, parentPollMs);
  timer.unref();
}

/** Undefined where the system does not show it as a file. */
function parentOf(pid) {
  try {
    // The second field, the program's name, is in parentheses and may contain anything.
    const afterName = readFileSync(`/proc/${pid}/stat`, 'utf8').split(')').at(-1) ?? '';
    return afterName.trim().split(' ')[1];
  } catch {
    return undefined;
  }
}

function besides(file) {
  return fileURLToPath(new URL(file, import.meta.url));
}

function stopWith(message, code) {
  console.error(message);
  process.exit(code);
}
