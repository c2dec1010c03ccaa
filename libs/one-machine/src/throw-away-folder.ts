import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { guard } from './guard.js';

/** A new folder that is gone when it is removed, or when we end without having removed it. */
export type ThrowAwayFolder = Readonly<{ path: string; remove: () => Promise<void> }>;

export async function throwAwayFolder(): Promise<ThrowAwayFolder> {
  const path = await mkdtemp(join(tmpdir(), 'aisbf-'));
  guard.removeAtEnd(path);
  // Servers that run as somebody else pass through to their own folders.
  await chmod(path, 0o711);
  return {
    path,
    remove: async () => {
      // A process that is just dying may still write a last file.
      await rm(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
      guard.keep(path);
    },
  };
}
