import { type Log } from './log.js';
import { type Readiness } from './readiness.js';

export type ShutdownOptions = Readonly<{
  log: Log;
  readiness: Readiness;
  /** Everything is closed, in this order. */
  close: () => Promise<void>;
  /** After this the process ends whatever is still running. */
  graceMs: number;
}>;

/** Leaves when asked: no more work, what runs ends, then the process. A second signal ends it at once. */
export function shutdownOnSignal(options: ShutdownOptions): void {
  let isLeaving = false;
  const leave = (signal: NodeJS.Signals) => {
    if (isLeaving) process.exit(1);
    isLeaving = true;
    options.readiness.beginDrain();
    options.log.info({ signal }, 'leaving');
    const timer = setTimeout(() => {
      options.log.warn({ graceMs: options.graceMs }, 'did not finish in time');
      process.exit(1);
    }, options.graceMs);
    timer.unref();
    options.close().then(
      () => process.exit(0),
      (error: unknown) => {
        options.log.error({ error }, 'could not close cleanly');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', leave);
  process.on('SIGINT', leave);
}
