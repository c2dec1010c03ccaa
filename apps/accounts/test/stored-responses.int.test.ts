import { randomBytes, randomUUID } from 'node:crypto';
import { Clock } from '@aisbf/platform';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PgStoredResponseStore } from '../src/outbound/pg-stored-response-store.js';
import type { Identity } from '../src/services/identity.js';
import { StoredResponseLimits, StoredResponses } from '../src/services/stored-responses.js';
import { openLedger } from './ledger-bench.js';

class SetClock extends Clock {
  atMs = Date.now();

  nowMs(): number {
    return this.atMs;
  }
}

let ledger: Awaited<ReturnType<typeof openLedger>>;
let responses: StoredResponses;
let clock: SetClock;
let ownerId: string;

const ttlMs = 60_000;

beforeAll(async () => {
  ledger = await openLedger({ connections: 4 });
});
beforeEach(() => {
  // Every token here is an owner's id.
  const identity = {
    require: async (apiToken: string) => ({
      ownerId: apiToken,
      username: 'anna',
      isOperator: false,
    }),
  };
  clock = new SetClock();
  ownerId = randomUUID();
  responses = new StoredResponses(
    new PgStoredResponseStore(ledger.pool),
    identity as unknown as Identity,
    clock,
    new StoredResponseLimits(ttlMs, 3),
  );
});
afterAll(() => ledger.close());

const newId = () => `resp_${randomBytes(16).toString('hex')}`;
const asked = (id: string, apiToken = ownerId) => ({
  ...{ apiToken, pathUsername: null, clientAddress: null },
  id,
});
const find = async (id: string, by = ownerId) =>
  (await responses.find({ type: 'find-response', ...asked(id, by) })).response;

async function keep(text = 'sealed', id = newId()): Promise<string> {
  const response = Buffer.from(text).toString('base64');
  await responses.keep({ type: 'keep-response', ...asked(id), response });
  return id;
}

const forget = async (id: string, by = ownerId) =>
  (await responses.forget({ type: 'forget-response', ...asked(id, by) })).isForgotten;

describe(StoredResponses, () => {
  it('gives an owner what it has kept, and nobody else', async () => {
    const id = await keep('mine');
    expect(await find(id)).toBe(Buffer.from('mine').toString('base64'));
    expect(await find(id, randomUUID())).toBeNull();
    expect(await find(newId())).toBeNull();
  });

  it('keeps what was kept first, whoever comes with the same id', async () => {
    const id = await keep('mine');
    const response = Buffer.from('theirs').toString('base64');
    await responses.keep({ type: 'keep-response', ...asked(id, randomUUID()), response });
    expect(await find(id)).toBe(Buffer.from('mine').toString('base64'));
  });

  it('forgets for its owner alone', async () => {
    const id = await keep();
    expect(await forget(id, randomUUID())).toBe(false);
    expect(await forget(id)).toBe(true);
    expect(await forget(id)).toBe(false);
    expect(await find(id)).toBeNull();
  });

  it('forgets the oldest of those that are too many', async () => {
    const ids = [await keep(), await keep(), await keep(), await keep()];
    const found = await Promise.all(ids.map((id) => find(id)));
    expect(found.map((one) => one !== null)).toEqual([false, true, true, true]);
  });

  it('neither gives nor keeps what is too old', async () => {
    const kept = await keep();
    clock.atMs -= 2 * ttlMs;
    const old = await keep();
    expect(await find(old)).toBeNull();
    await responses.purge();
    const { rows } = await ledger.pool.query('SELECT id FROM stored_response WHERE owner_id = $1', [
      ownerId,
    ]);
    expect(rows).toEqual([{ id: kept }]);
  });
});
