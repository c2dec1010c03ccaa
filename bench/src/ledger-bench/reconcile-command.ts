import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { inRepository } from '@aisbf/one-machine';

const run = promisify(execFile);

/** Reconciles a day as an operator would, by the command of accounts; fails where it finds anything. */
export function reconcileCommand(environment: NodeJS.ProcessEnv): (day: string) => Promise<void> {
  const main = inRepository('apps/accounts/dist/main.js');
  return async (day) => {
    const args = [main, 'reconcile', '--day', day];
    try {
      await run(process.execPath, args, { env: { ...process.env, ...environment } });
    } catch (error) {
      const { stdout, stderr } = error as Readonly<{ stdout: string; stderr: string }>;
      throw new Error(`The ledger was not reconciled:\n${stdout}${stderr}`, { cause: error });
    }
  };
}
