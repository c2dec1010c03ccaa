/** What the test command tells the tests about its throw-away servers. */
export type RunSettingName = 'TEST_POSTGRES_URL' | 'TEST_REDIS_URL' | 'TEST_NATS_URLS';

export function runSetting(name: RunSettingName): string {
  const value = process.env[name];
  if (value === undefined)
    throw new Error(
      `${name} is not set: this test needs servers. Start it with "npm test -- <path>".`,
    );
  return value;
}

/** Which of Jest's workers this is, from 0. Test files in one worker run one after another. */
export function workerIndex(): number {
  return Number(process.env.JEST_WORKER_ID ?? 1) - 1;
}
