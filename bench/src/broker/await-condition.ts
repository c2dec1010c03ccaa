import { setTimeout as delay } from 'node:timers/promises';

/** Asks again and again; throws with what it was told last where the condition does not come about in time. */
export async function awaitCondition(
  what: string,
  msMax: number,
  ask: () => Promise<true | string>,
): Promise<void> {
  const deadlineMs = Date.now() + msMax;
  for (;;) {
    const answer = await ask();
    if (answer === true) return;
    if (Date.now() > deadlineMs) {
      throw new Error(`${what}: not within ${msMax / 1_000} s, but ${answer}.`);
    }
    await delay(pollMs);
  }
}

const pollMs = 100;
