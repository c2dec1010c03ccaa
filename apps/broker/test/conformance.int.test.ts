import { RegistrationRevoked, subjects } from '@aisbf/contracts';
import { createLog, NatsBus } from '@aisbf/platform';
import { natsUrl } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { processMsMax, startBrokerProcess } from './broker-process.js';
import { startStage } from './broker-stage.js';
import { answerScripts } from './conformance-answers.js';
import { openingScripts } from './conformance-openings.js';
import { closingScripts, requestScripts } from './conformance-requests.js';
import { type Identity, play, type Scene, type Script } from './conformance-script.js';
import { startFakePeers } from './fake-peers.js';
import type { Manner } from './raw-worker.js';

/** Short where a script waits for it, small where a script goes beyond it. */
const settings = {
  BROKER_BASE_PATH: '/base/path',
  BROKER_HEARTBEAT_INTERVAL_MS: '400',
  BROKER_VISIT_INTERVAL_MS: '20',
  BROKER_FRAME_BYTES_IN_MAX: '65536',
  BROKER_CONTROL_FRAMES_PER_MINUTE_MAX: '20',
  BROKER_LOG_LEVEL: 'info',
};

type Instance = Readonly<{ url: string; close: () => Promise<void> }>;

async function startInThisProcess(): Promise<Instance> {
  const stage = await startStage({ ...settings, BROKER_LOG_LEVEL: 'silent' });
  return { url: stage.url, close: stage.close };
}

async function startAlone(): Promise<Instance> {
  const peers = await startFakePeers();
  const broker = await startBrokerProcess(peers.url, settings);
  return {
    url: broker.url,
    close: async () => {
      await broker.kill();
      await peers.close();
    },
  };
}

/** The same numbers for the same seed, so that a failure can be seen again. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const seed = Number(process.env.CONFORMANCE_SEED ?? Date.now() % 2 ** 31);
const scripts = [...openingScripts, ...answerScripts, ...requestScripts, ...closingScripts];
const manners: readonly Manner[] = ['in one piece', 'byte by byte', 'in fragments'];

describe.each([
  ['the broker in this process', startInThisProcess],
  ['another instance, as a process', startAlone],
])('%s', (_, start) => {
  let instance: Instance;
  let bus: NatsBus;
  let performances = 0;

  beforeAll(async () => {
    const log = createLog('test', 'silent');
    bus = await NatsBus.connect({ url: await natsUrl(), name: 'test', log });
    instance = await start();
  }, processMsMax);
  afterAll(async () => {
    await instance.close();
    await bus.close();
  });

  const revoke = ({ providerId, clientId }: Identity) =>
    bus.publish(
      subjects.registrationRevoked,
      RegistrationRevoked.parse({
        type: 'registration-revoked',
        ...{ providerId, clientId },
        reason: 'token_revoked',
      }),
    );
  const run = async (script: Script, manner: Manner, more: Partial<Scene> = {}) => {
    performances += 1;
    const clientId = `client-${performances}`;
    const random = seeded(seed + performances);
    const scene = { brokerUrl: instance.url, manner, random, clientId, revoke, ...more };
    await play(script, scene).catch((cause: unknown) => {
      const message = `"${script.name}", ${manner}, seed ${seed}`;
      throw new Error(`${message}: ${String(cause)}`, { cause });
    });
  };

  describe.each(manners)('%s', (manner) => {
    it.each(scripts.map((script) => [script.name, script] as const))('%s', (_name, script) =>
      run(script, manner),
    );
  });

  it(
    'keeps all of them apart when they happen at once',
    async () => {
      const all = manners.flatMap((manner) => scripts.map((script) => run(script, manner)));
      const results = await Promise.allSettled(all);
      expect(results.filter(({ status }) => status === 'rejected')).toEqual([]);
    },
    processMsMax,
  );

  it('lets the same worker come back a hundred times, each time as if it were the first', async () => {
    const [opening] = openingScripts;
    if (!opening) throw new Error('There is no script.');
    for (let count = 0; count < 100; count += 1) {
      await run(opening, 'in one piece', { clientId: 'client-again' });
    }
  });
});
