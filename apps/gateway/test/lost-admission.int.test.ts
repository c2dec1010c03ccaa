import { streams, subjects } from '@aisbf/contracts';
import { Fault } from '@aisbf/faults';
import { createLog, NatsBus } from '@aisbf/platform';
import { natsUrl, until } from '@aisbf/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { chatRequest, type GatewayBench, openGateway, sayFine } from './gateway-bench.js';

let bench: GatewayBench;
let bus: NatsBus;

beforeAll(async () => {
  bench = await openGateway({ GATEWAY_SETTLE_RETRY_MS: '20' });
  bench.peers.candidates = [await bench.upstream(sayFine)];
  const log = createLog('test', 'silent');
  bus = await NatsBus.connect({ url: await natsUrl(), name: 'test', log });
});
beforeEach(() => bench.peers.restore());
afterAll(async () => {
  await bus.close();
  await bench.close();
});

const isWithdrawn = (requestId: string | null) =>
  bench.peers.withdrawals.includes(requestId ?? 'none');

/** A gauge or counter of the gateway, where it has one with this in its labels. */
async function metric({ url }: GatewayBench, name: string, label = ''): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line.startsWith(`aisbf_gateway_${name}{`));
  return Number(
    lines
      .find((line) => line.includes(label))
      ?.split(' ')
      .at(-1),
  );
}

describe('an admission whose answer gets lost', () => {
  it('is refused to the buyer, and withdrawn from accounts', async () => {
    bench.peers.isAdmissionLost = true;
    const response = await bench.buy(chatRequest);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ error: { code: 'peer_unreachable' } });
    const requestId = bench.peers.admits.at(-1)?.requestId ?? '';
    expect(response.headers.get('x-request-id')).toBe(requestId);
    await until(() => isWithdrawn(requestId));
    expect(bench.peers.settlements.some((report) => report.requestId === requestId)).toBe(false);
  });

  it('is withdrawn where the loss was between router and accounts', async () => {
    for (const code of ['PEER_UNREACHABLE', 'LEDGER_UNAVAILABLE']) {
      bench.peers.refusal = new Fault({ code, kind: 'unavailable', message: 'no', details: {} });
      const response = await bench.buy(chatRequest);
      expect(response.status).toBe(503);
      await until(() => isWithdrawn(response.headers.get('x-request-id')));
    }
  });

  it.each([
    ['an empty wallet', { code: 'INSUFFICIENT_BALANCE', kind: 'exhausted' }, {}],
    ['no candidate', { code: 'NO_CANDIDATE', kind: 'unavailable' }, {}],
    [
      'accounts that never heard of it',
      { code: 'PEER_UNREACHABLE', kind: 'unavailable' },
      { wasSent: false },
    ],
  ] as const)(
    'is told from %s, where there is nothing to withdraw',
    async (_name, fault, details) => {
      bench.peers.refusal = new Fault({ ...fault, message: 'no', details });
      const refused = await bench.buy(chatRequest);
      // What comes after it would come after its withdrawal, too.
      bench.peers.restore();
      bench.peers.isAdmissionLost = true;
      const lost = await bench.buy(chatRequest);
      await until(() => isWithdrawn(lost.headers.get('x-request-id')));
      expect(isWithdrawn(refused.headers.get('x-request-id'))).toBe(false);
    },
  );

  it('is withdrawn again and again until accounts or the stream takes it', async () => {
    bench.peers.isAdmissionLost = true;
    bench.peers.isAccountsDown = true;
    const manager = await bus.jetStreamManager();
    const first = await bench.buy(chatRequest);
    // Nobody has made the stream yet, so there is nowhere to go.
    expect(await metric(bench, 'withdrawals_pending')).toBe(1);
    bench.peers.isAccountsDown = false;
    await until(() => isWithdrawn(first.headers.get('x-request-id')));
    await until(async () => (await metric(bench, 'withdrawals_pending')) === 0);

    bench.peers.isAccountsDown = true;
    const { name, subjects: heard } = streams.settle;
    await manager.streams.add({ name, subjects: [...heard] });
    const second = await bench.buy(chatRequest);
    const requestId = second.headers.get('x-request-id');
    await until(async () => {
      const message = await manager.streams.getMessage(name, { last_by_subj: subjects.settle });
      return message?.json<{ requestId: string }>().requestId === requestId;
    });
    const message = await manager.streams.getMessage(name, { last_by_subj: subjects.settle });
    expect(message?.json()).toEqual({ type: 'withdraw', requestId });
    expect(isWithdrawn(requestId)).toBe(false);
  });
});

describe('a gateway that cannot reach accounts at all', () => {
  it('lets go of what it was to withdraw when that is too much or too old', async () => {
    const deaf = await openGateway({
      GATEWAY_SETTLE_RETRY_MS: '20',
      GATEWAY_WITHDRAW_MS_MAX: '400',
      GATEWAY_WITHDRAWALS_MAX: '2',
    });
    const manager = await bus.jetStreamManager();
    for await (const name of manager.streams.names()) await manager.streams.delete(name);
    deaf.peers.isAdmissionLost = true;
    deaf.peers.isAccountsDown = true;
    const answers = await Promise.all(Array.from({ length: 5 }, () => deaf.buy(chatRequest)));
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 503, 503, 503]);
    await until(async () => (await metric(deaf, 'withdrawals_total', 'way="lost"')) === 5);
    await deaf.close();
    expect(deaf.peers.withdrawals).toEqual([]);
  });
});
