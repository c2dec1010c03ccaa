import { execFile } from 'node:child_process';

/** These programs print a few kilobytes; what prints more is another program of that name. */
const outputBytesMax = 1024 ** 2;

/**
 * What a program prints; empty where there is no such program, where it fails, or where it takes too long.
 * A program that hangs in its driver cannot even be killed: it is left behind, and not waited for.
 */
export function commandOutput(
  file: string,
  args: readonly string[],
  msMax: number,
): Promise<string> {
  return new Promise((resolve) => {
    const options = { maxBuffer: outputBytesMax, windowsHide: true };
    const child = execFile(file, args, options, (error, stdout) => {
      clearTimeout(timer);
      resolve(error ? '' : stdout);
    });
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      child.unref();
      child.stdout?.destroy();
      child.stderr?.destroy();
      resolve('');
    }, msMax);
  });
}
