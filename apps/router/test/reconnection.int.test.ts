import { RegistrationsUnsure, subjects } from '@aisbf/contracts';
import { createLog, NatsBus } from '@aisbf/platform';
import { type OwnNats, startOwnNats, until } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Harness, startHarness } from './running-router.js';

let harness: Harness;
let nats: OwnNats;
let bus: NatsBus;

beforeAll(async () => {
  [harness, nats] = await Promise.all([startHarness(), startOwnNats()]);
  bus = await NatsBus.connect({ url: nats.url, name: 'test', log: createLog('test', 'silent') });
  await harness.router({ AISBF_NATS_URL: nats.url });
}, 60_000);

afterAll(async () => {
  await harness.stop();
  await bus.close();
  await nats.stop();
}, 60_000);

describe('a router that was cut off from the bus', () => {
  it('says that brokers may not have heard it', async () => {
    let heard = 0;
    bus.subscribe(subjects.registrationsUnsure, RegistrationsUnsure, () => {
      heard += 1;
    });
    await bus.flush();
    expect(heard).toBe(0);
    // The router may be back before the test is, which then does not hear it.
    await until(
      async () => {
        await nats.kill();
        await nats.restart();
        return until(() => heard > 0, { timeoutMs: 2_000 });
      },
      { timeoutMs: 45_000 },
    );
  }, 60_000);
});
