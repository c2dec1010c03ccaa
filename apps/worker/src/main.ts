#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import os from 'node:os';
import { readConfig } from './config.js';
import { workerVersion } from './connection/capabilities.js';
import { createLog } from './log.js';
import { helpText } from './option.js';
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
  const { config } = result;
  const log = createLog({
    format: config.logFormat,
    level: config.logLevel,
    write: (line) => process.stdout.write(line),
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
  const worker = await startWorker(config, log);
  let isStopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (isStopping) process.exit(1);
    isStopping = true;
    const next = 'a second signal ends it at once';
    log.info({ signal, next }, 'finishing what runs, then stopping');
    void worker.stop().then(() => log.info({}, 'worker stopped'));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

function readFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // The caller lists it among the mistakes, with its name.
    return undefined;
  }
}
