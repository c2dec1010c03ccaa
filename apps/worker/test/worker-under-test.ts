import { readConfig } from '../src/config.js';
import { createLog } from '../src/log.js';
import { startWorker } from '../src/worker.js';

export const registrationToken = 'aisbf_reg_test-secret';

export type WorkerUnderTest = Readonly<{
  stop: () => Promise<void>;
  /** Everything it has logged, a parsed line each. */
  lines: readonly Readonly<Record<string, unknown>>[];
  /** The first line with this sentence, also one that is still to come. */
  line: (sentence: string | RegExp) => Promise<Readonly<Record<string, unknown>>>;
}>;

/** Starts a worker in this process, with intervals short enough for a test. */
export async function workUnder(
  marketUrl: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<WorkerUnderTest> {
  const env = {
    WORKER_MARKET_URL: marketUrl,
    WORKER_USERNAME: 'ann',
    WORKER_PROVIDER_ID: 'box',
    WORKER_CLIENT_ID: 'desk-1',
    WORKER_REGISTRATION_TOKEN: registrationToken,
    WORKER_DEMO: settings.WORKER_UPSTREAM_URL === undefined ? 'true' : 'false',
    WORKER_DEMO_TOKEN_DELAY_MS: '1',
    WORKER_RECONNECT_MS_MIN: '5',
    WORKER_RECONNECT_MS_MAX: '50',
    WORKER_DRAIN_GRACE_MS: '50',
    WORKER_LOG_LEVEL: 'debug',
    ...settings,
  };
  const result = readConfig({ args: [], env, hostname: 'host', readFile: () => undefined });
  if (result.kind !== 'config') throw new Error(JSON.stringify(result));
  const lines: Readonly<Record<string, unknown>>[] = [];
  const watchers = new Set<() => void>();
  const write = (line: string): void => {
    lines.push(JSON.parse(line));
    for (const look of watchers) look();
  };
  const log = createLog({ format: 'json', level: result.config.logLevel, write });
  const worker = await startWorker(result.config, { log, currentToken: () => undefined });
  const line = (sentence: string | RegExp): Promise<Readonly<Record<string, unknown>>> =>
    new Promise((resolve) => {
      const fits = (msg: unknown): boolean =>
        typeof sentence === 'string' ? msg === sentence : sentence.test(String(msg));
      const look = (): void => {
        const hit = lines.find(({ msg }) => fits(msg));
        if (hit === undefined) return;
        watchers.delete(look);
        resolve(hit);
      };
      watchers.add(look);
      look();
    });
  return { stop: worker.stop, lines, line };
}
