import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';

type Counts = Readonly<Record<string, number>>;
type Measured = Readonly<{
  meant: Readonly<Record<string, string>>;
  sizes: Counts;
  choices: Readonly<Record<string, Counts>>;
  private: Readonly<Record<string, Counts>>;
}>;

let measured: Measured;

beforeAll(() => {
  const script = join(import.meta.dirname, '../deploy/routing-choices.mjs');
  const { stdout, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
  expect(stderr).toBe('');
  measured = JSON.parse(stdout) as Measured;
});

describe('the labelled prompts', () => {
  it('are two hundred or more, of every label', () => {
    const sizes = Object.values(measured.sizes);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeGreaterThanOrEqual(200);
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(10);
  });

  it('go where their labels mean them to: all that is private, nearly all of the rest', () => {
    for (const [label, size] of Object.entries(measured.sizes)) {
      const right = measured.choices[label]?.[measured.meant[label] ?? ''] ?? 0;
      const share = ['private', 'images', 'long'].includes(label) ? 1 : 0.9;
      expect({ label, isRight: right >= size * share }).toEqual({ label, isRight: true });
    }
  });

  it('are shown to nobody else where the policy is to be private', () => {
    for (const [label, counts] of Object.entries(measured.private)) {
      expect({ label, counts }).toEqual({ label, counts: { discreet: measured.sizes[label] } });
    }
  });
});
