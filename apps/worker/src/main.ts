#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import os from 'node:os';
import { type Config, readConfig } from './config.js';
import { workerVersion } from './connection/capabilities.js';
import { helpText } from './help.js';
import { createLog, printable } from './log.js';
import { Terminal } from './terminal.js';
import { startWorker } from './worker.js';

const args = process.argv.slice(2);
// Overwrites the command line that other users of the machine see, for it may hold a secret.
process.title = 'aisbf-worker';

const result = readConfig({ args, env: process.env, hostname: os.hostname(), readFile });

if (result.kind === 'help') {
  process.stdout.write(helpText());
} else if (result.kind === 'mistakes') {
  const lines = result.mistakes.map((mistake) => `  ${mistake}`);
  process.stderr.write(`The worker cannot start:\n${lines.join('\n')}\nTry --help.\n`);
  process.exitCode = 2;
} else {
  await work(result.config, result.unknownKeys);
}

async function work(config: Config, unknownKeys: readonly string[]): Promise<void> {
  const terminal = terminalFor(config);
  const log = createLog({
    format: config.logFormat,
    // The block tells what goes well; what does not stands above it.
    level: terminal !== undefined && config.logLevel === 'info' ? 'warn' : config.logLevel,
    write: (line) => (terminal === undefined ? process.stdout.write(line) : terminal.line(line)),
  });
  log.info(
    {
      version: workerVersion,
      provider: `${config.username}/${config.providerId}`,
      client: config.clientId,
      concurrency: config.concurrency,
    },
    'worker started',
  );
  if (unknownKeys.length > 0) {
    log.warn({ settings: unknownKeys }, 'the file holds settings that mean nothing to this worker');
  }
  const tokenFile = config.registrationTokenFile;
  const worker = await startWorker(config, {
    log,
    currentToken: () =>
      tokenFile === undefined ? undefined : readFile(tokenFile)?.trim() || undefined,
    onBoard: (board) => terminal?.show(board),
  });
  let isStopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (isStopping) process.exit(1);
    isStopping = true;
    const next = 'a second signal ends it at once';
    log.info({ signal, next }, 'finishing what runs, then stopping');
    void worker.stop().then(() => {
      terminal?.close();
      log.info({}, 'worker stopped');
    });
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

/** A block where a person looks on, lines everywhere else. */
function terminalFor(config: Config): Terminal | undefined {
  const { stdout } = process;
  const isWatched = stdout.isTTY && process.env.TERM !== 'dumb' && config.logFormat === 'text';
  if (config.display === 'lines' || (config.display === 'auto' && !isWatched)) return undefined;
  const title = `aisbf-worker ${workerVersion} · ${config.username}/${config.providerId} as ${config.clientId}`;
  return new Terminal({
    title: printable(title),
    write: (text) => stdout.write(text),
    columns: () => stdout.columns ?? 80,
  });
}

function readFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // The caller lists it among the mistakes, with its name.
    return undefined;
  }
}
