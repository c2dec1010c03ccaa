import type { Daemon } from './daemon.js';

/** A server that the market uses: one that we started, or one that ran already. */
export type Server = Readonly<{
  url: string;
  /** Undefined where it is not ours, or while it does not run. */
  readonly pid: number | undefined;
  /** The process, where it is ours: to kill, to restart, to watch. */
  daemon: Daemon | undefined;
  /** Does nothing to a server that is not ours. */
  stop: () => Promise<void>;
}>;

export function serverAt(url: string, daemon?: Daemon): Server {
  return {
    url,
    get pid() {
      return daemon?.pid;
    },
    daemon,
    stop: async () => daemon?.stop(),
  };
}
