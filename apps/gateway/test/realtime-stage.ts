import type { Candidate } from '@aisbf/contracts';
import { FakeRealtime, type RealtimeScript, until } from '@aisbf/testkit';
import { candidateAt, type GatewayBench, openGateway } from './gateway-bench.js';
import { RealtimeClient } from './realtime-client.js';

export const frameBytesMax = 300_000;

const settings = {
  GATEWAY_REALTIME_FRAME_BYTES_MAX: String(frameBytesMax),
  GATEWAY_REALTIME_BUFFER_BYTES_MAX: '65536',
  GATEWAY_REALTIME_ANSWER_TOKENS: '16',
  GATEWAY_REALTIME_SOUND_SECONDS: '2',
  GATEWAY_HOLD_STEP_TOKENS: '16',
  GATEWAY_HOLD_RETRY_MS: '5',
  // The bus alone tells of revocations.
  GATEWAY_REALTIME_CHECK_MS: '600000',
};

export type RealtimeStage = Awaited<ReturnType<typeof openRealtimeStage>>;

/** A gateway with small limits, and models that do as they are told. */
export async function openRealtimeStage() {
  const [bench, upstream] = await Promise.all([openGateway(settings), FakeRealtime.start()]);
  let models = 0;
  return {
    bench,
    upstream,
    /** As everything is before anything is wrong with it. */
    restore: () => {
      const { peers } = bench;
      peers.restore();
      peers.ticket = null;
      peers.extensions.length = 0;
      peers.extend = () => ({ result: 'held', amount: '1' });
      peers.deadlines = { firstByteMs: 5_000, idleMs: 60_000, totalMs: 60_000 };
    },
    /** A session with a model of its own. */
    open: async (script: RealtimeScript, at: GatewayBench = bench): Promise<RealtimeClient> => {
      models += 1;
      const name = `model-${models}`;
      upstream.on(name, script);
      at.peers.candidates = [{ ...candidateAt(upstream.url), model: name } as Candidate];
      const client = await RealtimeClient.open(at);
      await client.wait('session.created');
      return client;
    },
    settlementOf: ({ requestId }: RealtimeClient, at: GatewayBench = bench) =>
      until(() => at.peers.settlements.find((report) => report.requestId === requestId)),
    close: async () => {
      await bench.close();
      await upstream.stop();
    },
  };
}

/** Answers the first questions well; what follows them is up to the test. */
export function wellFor(count: number, then: RealtimeScript): RealtimeScript {
  return (call, event) => {
    if (event.type !== 'response.create') return;
    const asked = call.events.filter(({ type }) => type === 'response.create').length;
    return asked <= count ? call.answer(['a ', 'word']) : then(call, event);
  };
}

export const halfAnswer: RealtimeScript = (call) =>
  call.say(call.begin(), ' one', ' two', ' three');

/** Resolves when nothing leaves any more, however often one looks: nobody takes what is left. */
export async function stillness(socket: Readonly<{ bufferedAmount: number }>): Promise<void> {
  let before = -1;
  let looksAlike = 0;
  await until(() => {
    looksAlike = socket.bufferedAmount === before ? looksAlike + 1 : 0;
    before = socket.bufferedAmount;
    return looksAlike > 50;
  });
}
