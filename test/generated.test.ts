import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '..');

describe('the files that are made from the code', () => {
  it('say what the code says', () => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(root, 'deploy/generate.mjs'), '--check'],
      { encoding: 'utf8' },
    );
    expect({ status, output: stdout + stderr }).toEqual({ status: 0, output: '' });
  });
});
