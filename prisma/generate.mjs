// Generates the Prisma client of the package it is started in. Generating needs no schema engine, but the
// CLI would download one; a machine without internet is told of one that it never starts.
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const { resolve } = createRequire(join(process.cwd(), 'package.json'));
execFileSync(process.execPath, [resolve('prisma/build/index.js'), 'generate'], {
  stdio: ['ignore', 'ignore', 'inherit'],
  env: {
    PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
    // No call home from a build.
    CHECKPOINT_DISABLE: '1',
    // biome-ignore lint/style/noProcessEnv: a build command hands its own environment on
    ...process.env,
  },
});
