import { type RegistrationRevoked, subjects } from '@aisbf/contracts';
import { createLog, NatsBus } from '@aisbf/platform';
import { type OwnNats, startOwnNats, until } from '@aisbf/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Stage, startStage } from './broker-stage.js';
import { otherProvider, sellerProvider } from './fake-peers.js';
import { ScriptedWorker } from './scripted-worker.js';

const timeoutMs = 60_000;
const rotated: RegistrationRevoked = {
  type: 'registration-revoked',
  providerId: sellerProvider.providerId,
  reason: 'token_rotated',
};
const other = { username: 'other', registrationToken: otherProvider.registrationToken };
const revoked = { code: 4003, reason: 'revoked' };

describe('the end of a registration that nobody heard', () => {
  let nats: OwnNats;
  let stage: Stage;
  let gone: ScriptedWorker;
  let staying: ScriptedWorker;

  const start = async (settings: Readonly<Record<string, string>>) => {
    stage = await startStage({
      AISBF_NATS_URL: nats.url,
      BROKER_REGISTRATION_CHECK_RETRY_MS: '50',
      ...settings,
    });
    gone = await ScriptedWorker.start(stage.url);
    staying = await ScriptedWorker.start(stage.url, other);
    await Promise.all([gone, staying].map((one) => one.frame(({ op }) => op === 'models.list')));
  };
  const isEnforced = async () => {
    expect(await gone.end()).toEqual(revoked);
    expect(staying.closed).toBeUndefined();
  };

  beforeAll(async () => {
    nats = await startOwnNats();
  }, timeoutMs);
  afterAll(() => nats.stop());
  afterEach(() => stage.close());

  it(
    'is found when the bus is back',
    async () => {
      await start({});
      await nats.kill();
      stage.peers.ended.push(rotated);
      await nats.restart();
      await isEnforced();
      expect(stage.peers.checks[0]).toEqual({
        type: 'check-workers',
        workers: expect.arrayContaining([
          { providerId: sellerProvider.providerId, clientId: 'client-1', registrationId: null },
          { providerId: otherProvider.providerId, clientId: 'client-1', registrationId: null },
        ]),
      });
    },
    timeoutMs,
  );

  it('is found when a router says that it was cut off', async () => {
    await start({});
    stage.peers.ended.push(rotated);
    const log = createLog('test', 'silent');
    const bus = await NatsBus.connect({ url: nats.url, name: 'test', log });
    bus.publish(subjects.registrationsUnsure, { type: 'registrations-unsure' });
    await isEnforced();
    await bus.close();
  });

  it('is found after a while, whatever was lost', async () => {
    await start({ BROKER_REGISTRATION_CHECK_INTERVAL_MS: '200' });
    stage.peers.ended.push(rotated);
    await isEnforced();
  });

  describe('while the router is away', () => {
    beforeEach(() => start({ BROKER_REGISTRATION_CHECK_INTERVAL_MS: '100' }));

    it('keeps everybody, and asks until somebody answers', async () => {
      stage.peers.isAway = true;
      stage.peers.ended.push(rotated);
      const metrics = async () => (await fetch(`${stage.url}/metrics`)).text();
      await until(async () =>
        /registration_checks_total\{result="failed"[^}]*\} [2-9]/.test(await metrics()),
      );
      expect([gone.closed, staying.closed]).toEqual([undefined, undefined]);
      stage.peers.isAway = false;
      await isEnforced();
    });
  });
});
