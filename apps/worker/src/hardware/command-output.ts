import { execFile } from 'node:child_process';

/** These programs print a few kilobytes; what prints more is another program of that name. */
const outputBytesMax = 1024 ** 2;

/** Programs that were left behind: they are not started again beside themselves. */
const hanging = new Set<string>();

/**
 * What a program prints: empty where there is no such program or it fails, undefined where it does not answer
 * in time. A program that hangs in its driver cannot even be killed: it is left behind, and not waited for.
 */
export function commandOutput(
  file: string,
  args: readonly string[],
  msMax: number,
): Promise<string | undefined> {
  if (hanging.has(file)) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    const options = { maxBuffer: outputBytesMax, windowsHide: true };
    const child = execFile(file, args, options, (error, stdout) => {
      clearTimeout(timer);
      hanging.delete(file);
      resolve(error ? '' : stdout);
    });
    const timer = setTimeout(() => {
      hanging.add(file);
      child.kill('SIGKILL');
      child.unref();
      child.stdout?.destroy();
      child.stderr?.destroy();
      resolve(undefined);
    }, msMax);
  });
}
