/**
 * Installs the packages and builds the workspace, each only where something changed since the last time.
 * Runs under the lock that `bootstrap.mjs` takes.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { projectNode } from './project-node.mjs';
import { buildStamp, builtFolders, installStamp } from './stamp.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const { packageManager } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
const { env: ownEnv } = process;
const startedMs = Number(ownEnv.AISBF_STARTED_MS) || Date.now();
const stillMs = 10_000;
/** Enough of a failed step's output to see why, without scrolling for it. */
const tailCharsMax = 6_000;

let current;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    // The step's own children are in its group.
    if (current?.pid !== undefined) killGroup(current.pid);
    process.exit(130);
  });
}

await step({
  name: 'installing packages',
  stampFile: `${root}node_modules/.aisbf-installed`,
  stamp: `${packageManager} ${installStamp(root)}`,
  isThere: () => true,
  // A `node_modules` of another machine is replaced without asking a terminal that nobody watches.
  args: ['install', '--frozen-lockfile'],
  env: { CI: 'true' },
});
await step({
  name: 'building',
  stampFile: `${root}node_modules/.aisbf-built`,
  stamp: buildStamp(root),
  isThere: () => builtFolders(root).every((folder) => existsSync(`${folder}/dist`)),
  args: ['exec', 'turbo', 'run', 'build', '--output-logs=errors-only'],
  env: { TURBO_TELEMETRY_DISABLED: '1', TURBO_NO_UPDATE_NOTIFIER: '1' },
});

/** Runs pnpm unless the stamp of an earlier run says that it would change nothing. */
async function step({ name, stampFile, stamp, isThere, args, env }) {
  if (readStamp(stampFile) === stamp && isThere()) return;
  say(`${name} …`);
  const code = await pnpm(name, args, env);
  if (code !== 0) process.exit(code);
  writeFileSync(stampFile, stamp);
}

async function pnpm(name, args, env) {
  const child = spawn('npx', ['-y', packageManager, ...args], {
    cwd: root,
    env: { ...toolEnvironment(), ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  current = child;
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output = `${output}${text}`.slice(-tailCharsMax);
    });
  }
  const timer = setInterval(() => say(`still ${name} …`), stillMs);
  const failed = once(child, 'error').then(([error]) => {
    output = String(error);
    return [1];
  });
  const [code] = await Promise.race([once(child, 'close'), failed]);
  clearInterval(timer);
  current = undefined;
  if (code !== 0) console.error(`${withoutNoise(output)}\n\n${name} failed.`);
  return code ?? 1;
}

/** npm's remarks on its own settings, and the gaps between. */
function withoutNoise(output) {
  const lines = output.split('\n').filter((line) => line.trim() && !line.startsWith('npm warn'));
  return lines.join('\n');
}

/** Build tools run on the project's Node, and see no settings that are meant for the program to come. */
function toolEnvironment() {
  const node = projectNode(root);
  const path = [...(node === undefined ? [] : [dirname(node)]), ownEnv.PATH ?? ''];
  const { NODE_ENV: _production, NODE_OPTIONS: _options, ...env } = ownEnv;
  return { ...env, PATH: path.join(delimiter) };
}

function readStamp(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Nothing was done here yet.
    return undefined;
  }
}

function killGroup(pid) {
  try {
    process.kill(-pid, 'SIGTERM');
  } catch {
    // It has just ended.
  }
}

function say(line) {
  const seconds = ((Date.now() - startedMs) / 1_000).toFixed(1);
  console.log(`${seconds.padStart(6)} s  ${line}`);
}
