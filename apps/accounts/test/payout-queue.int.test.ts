import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { queueConnection } from '@aisbf/queues';
import { redisUrl, until } from '@aisbf/testkit';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { BullPayoutQueue, payoutQueueName } from '../src/outbound/bull-payout-queue.js';

const closings: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closings.splice(0)) await close();
});

function queueAt(url: string): BullPayoutQueue {
  const options = { url, runIntervalMs: 3_600_000, sweepIntervalMs: 3_600_000 };
  const queue = new BullPayoutQueue(options, () => undefined);
  closings.push(() => queue.onApplicationShutdown());
  return queue;
}

/** What lies in the queue. */
async function lookInto(url: string): Promise<Queue> {
  const queue = new Queue(payoutQueueName, { connection: queueConnection(url) });
  closings.push(() => queue.close());
  await queue.waitUntilReady();
  return queue;
}

const step = () => ({ id: randomUUID(), sends: 1, looks: 0 });

describe(BullPayoutQueue, () => {
  it('has each step of a payout once, and the next step beside it', async () => {
    const url = await redisUrl();
    const [queue, inside] = [queueAt(url), await lookInto(url)];
    const first = step();
    for (const each of [first, first, { ...first, looks: 1 }]) await queue.add([each]);
    expect(await inside.getWaitingCount()).toBe(2);
  });

  it('sets its clock once, and again where Redis has lost it', async () => {
    const url = await redisUrl();
    const [queue, inside] = [queueAt(url), await lookInto(url)];
    await queue.ensure();
    const [before] = await inside.getJobSchedulers();
    await queue.ensure();
    expect(await inside.getJobSchedulers()).toHaveLength(2);
    expect((await inside.getJobSchedulers())[0]?.next).toBe(before?.next);
    const redis = new Redis(url);
    closings.push(() => redis.quit());
    await redis.flushdb();
    expect(await inside.getJobSchedulers()).toHaveLength(0);
    await queue.ensure();
    await until(async () => (await inside.getJobSchedulers()).length === 2);
  });

  it('says so where Redis is away, and closes all the same', async () => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    server.close();
    await once(server, 'close');
    const port = typeof address === 'object' ? address?.port : 0;
    const queue = queueAt(`redis://127.0.0.1:${port}`);
    await expect(queue.add([step()])).rejects.toMatchObject({ code: 'PAYOUT_QUEUE_UNAVAILABLE' });
    await expect(queue.ensure()).rejects.toMatchObject({ code: 'PAYOUT_QUEUE_UNAVAILABLE' });
  });
});
