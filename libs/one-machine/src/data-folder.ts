import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { guard } from './guard.js';
import { readKept, writeKept } from './kept-file.js';

/** Who uses a data folder. */
type Owner = Readonly<{ pid: number }>;

/** The guard of a start that crashed stops its servers within this. */
const predecessorMs = 15_000;

/** Takes the data folder for this process and what it starts; only one start can have it at a time. */
export async function takeDataFolder(dataDir: string): Promise<void> {
  await mkdir(dataDir, { recursive: true }).catch((error: unknown) => {
    throw new Error(
      `The data folder ${dataDir} cannot be made (${String(error)}). Choose another with AISBF_DATA_DIR.`,
      { cause: error },
    );
  });
  const ownerFile = join(dataDir, 'owner.json');
  const deadlineMs = Date.now() + predecessorMs;
  while (!(await guard.lock(join(dataDir, 'lock')))) {
    const owner = await readKept<Owner>(ownerFile);
    const isRunning = owner !== undefined && isAlive(owner.pid);
    if (isRunning || Date.now() > deadlineMs) {
      throw new Error(
        `AISBF runs already with this data folder${owner ? ` (process ${owner.pid})` : ''}: ${dataDir}\nStop it first, or start a second one with another folder: AISBF_DATA_DIR=… npm start`,
      );
    }
    // Its owner has died and its servers are about to.
    await delay(200);
  }
  await writeKept(ownerFile, { pid: process.pid } satisfies Owner);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, and somebody else's.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
