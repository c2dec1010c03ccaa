/**
 * The guard: outlives the process that started it just long enough to clean up behind it.
 *
 * It reads one JSON order a line from its standard input, whose other end only its parent holds. However
 * the parent ends, `kill -9` included, the pipe closes, and the guard stops the process groups and then
 * deletes the folders that it was told of. It runs in a session of its own, so that no Ctrl-C reaches it.
 */
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type { GuardOrder } from './guard.js';

/** Long enough for a server to end its sessions; whoever starts next on the same folder waits for it. */
const graceMs = 5_000;
const pollMs = 20;

/** The signal that each group's leader understands as "stop". */
const groups = new Map<number, NodeJS.Signals>();
const folders = new Set<string>();
let isHurried = false;

function obey(order: GuardOrder): void {
  switch (order.type) {
    case 'watch':
      groups.set(order.pid, order.stopSignal);
      return;
    case 'forget':
      groups.delete(order.pid);
      return;
    case 'remove-at-end':
      folders.add(order.folder);
      return;
    case 'keep':
      folders.delete(order.folder);
      return;
    case 'hurry':
      isHurried = true;
      return;
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pid, signal);
    return true;
  } catch {
    // ESRCH: nobody is left in the group.
    return false;
  }
}

async function stopGroups(): Promise<void> {
  // What was started last leans on what was started first.
  const orders = [...groups].reverse();
  for (const [pid, signal] of orders) signalGroup(pid, signal);
  const deadlineMs = isHurried ? 0 : Date.now() + graceMs;
  let left = orders.filter(([pid]) => signalGroup(pid, 0));
  while (left.length > 0 && Date.now() < deadlineMs) {
    await delay(pollMs);
    left = left.filter(([pid]) => signalGroup(pid, 0));
  }
  for (const [pid] of left) signalGroup(pid, 'SIGKILL');
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

// Whoever started it with a lock waits for this, unless it is gone already.
process.stdout.on('error', () => undefined);
process.stdout.write('guarding\n');
for await (const line of createInterface({ input: process.stdin })) {
  obey(JSON.parse(line) as GuardOrder);
}
await stopGroups();
for (const folder of folders) {
  // A process that is just dying may still write a last file.
  await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}
