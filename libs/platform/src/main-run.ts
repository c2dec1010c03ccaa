import { ConfigError } from './config.js';

/** Runs a service's start; a start that fails says why in plain words and ends the process. */
export function runMain(start: () => Promise<void>): void {
  start().catch((error: unknown) => {
    process.stderr.write(
      error instanceof ConfigError ? `${error.message}\n` : `could not start: ${detail(error)}\n`,
    );
    process.exit(1);
  });
}

function detail(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
