import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where this user keeps what can be fetched again; shared by every checkout and by the tests. */
export function cacheFolder(): string {
  const chosen = process.env.AISBF_CACHE_DIR;
  if (chosen) return chosen;
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'aisbf');
}
