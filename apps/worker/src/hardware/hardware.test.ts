import { describe, expect, it } from '@jest/globals';
import { commandOutput } from './command-output.js';
import { Hardware, readHardware } from './hardware.js';

describe(readHardware, () => {
  it('tells memory and processors of any machine', async () => {
    const hardware = await readHardware();
    expect(hardware.cpu_count).toBeGreaterThan(0);
    expect(hardware.total_ram_mb).toBeGreaterThanOrEqual(hardware.available_ram_mb);
    expect(hardware.gpu_count).toBe(hardware.gpus.length);
  });
});

describe(Hardware, () => {
  it('looks once, however many want to know at the same time', async () => {
    const hardware = await Hardware.discover();
    const [one, two] = await Promise.all([hardware.measure(), hardware.measure()]);
    expect(one).toBe(two);
    expect(hardware.known).toBe(one);
  });
});

describe(commandOutput, () => {
  it('gives what a program prints', async () => {
    expect(await commandOutput(process.execPath, ['-p', '6*7'], 20_000)).toBe('42\n');
  });

  it('gives nothing where there is no program, and where it fails', async () => {
    expect(await commandOutput('no-such-program-anywhere', [], 5_000)).toBe('');
    expect(await commandOutput(process.execPath, ['-e', 'process.exit(3)'], 20_000)).toBe('');
  });

  it('does not wait for a program that hangs, nor starts it a second time beside itself', async () => {
    const hang = () => commandOutput('sleep', ['60'], 50);
    const startedAtMs = performance.now();
    expect(await hang()).toBeUndefined();
    expect(performance.now() - startedAtMs).toBeLessThan(10_000);
    expect(await hang()).toBeUndefined();
  });
});
