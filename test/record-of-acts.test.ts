import { AuditTrail, Providers } from '@aisbf/contracts';
import { MarketUnderTest, until } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

let market: MarketUnderTest;
/** As many as the record shows at once. */
const namesMax = 190;

beforeAll(async () => {
  market = await MarketUnderTest.start();
}, 90_000);

afterAll(async () => {
  const wrongs = await market?.stop();
  expect(wrongs).toEqual([]);
}, 60_000);

/** What came of it; undefined where nobody could say. */
async function create(apiToken: string, name: string): Promise<'done' | 'refused' | undefined> {
  try {
    const response = await fetch(`${market.url}/api/catalog/providers`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ kind: 'coderai', name }),
    });
    await response.arrayBuffer();
    if (response.ok) return 'done';
    return response.status < 500 ? 'refused' : undefined;
  } catch {
    return undefined;
  }
}

describe('the record of acts', () => {
  it('has each of them once, whichever service dies on the way', async () => {
    const { apiToken } = await market.buyer('sam', { scopes: ['manage', 'usage'] });
    const own = market.operator.as(apiToken);
    const done: string[] = [];
    let count = 0;
    let isOver = false;
    const callers = Array.from({ length: 4 }, async () => {
      while (!isOver && count < namesMax) {
        count += 1;
        const name = `box-${count}`;
        const result = await until(() => create(apiToken, name), { timeoutMs: 30_000 });
        if (result === 'done') done.push(name);
      }
    });
    const { accounts, router } = market.market.services;
    for (const service of [accounts, router, accounts]) {
      const before = done.length;
      await until(() => done.length >= before + 5, { timeoutMs: 30_000 });
      await service.kill();
      await service.restart();
    }
    isOver = true;
    await Promise.all(callers);
    const { providers } = await until(
      () => own.call('GET', '/api/catalog/providers', Providers).catch(() => undefined),
      { timeoutMs: 20_000 },
    );
    expect(providers.map(({ name }) => name)).toEqual(expect.arrayContaining(done));
    const ids = providers.map(({ id }) => id).sort();
    const recorded = async () => {
      const trail = await own.call('GET', '/api/account/audit?limit=200', AuditTrail);
      const made = trail.events.filter(({ action }) => action === 'provider.create');
      return made.map(({ subject }) => subject).sort();
    };
    await until(async () => (await recorded()).length >= ids.length, { timeoutMs: 20_000 });
    expect(await recorded()).toEqual(ids);
    const [left] = await market.query<{ count: string }>('SELECT count(*) FROM router.act_waiting');
    expect(left?.count).toBe('0');
  }, 120_000);
});
