import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { until } from '@aisbf/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Stage, startStage } from './broker-stage.js';
import { everywhere } from './conformance-openings.js';
import { openProvider } from './fake-peers.js';
import { maskedFrame, RawWorker } from './raw-worker.js';

const sockets: Socket[] = [];

/** Connects and never closes its side, whatever the other one does. */
async function stubborn(url: string, said: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  sockets.push(socket);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(said);
  return socket;
}

const upgradeTo = (path: string) =>
  [
    `GET ${path} HTTP/1.1`,
    'host: broker',
    'connection: Upgrade',
    'upgrade: websocket',
    'sec-websocket-version: 13',
    'sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==',
  ].join('\r\n');

describe('peers that take their time', () => {
  let stage: Stage;
  const open = (index: number) =>
    RawWorker.open({
      brokerUrl: stage.url,
      manner: 'in one piece',
      random: Math.random,
      handshake: everywhere({ ...openProvider, clientId: `client-${index}` }),
    });
  const connections = () =>
    new Promise<number>((resolve, reject) =>
      stage.broker.app
        .getHttpServer()
        .getConnections((error: Error | null, count: number) =>
          error ? reject(error) : resolve(count),
        ),
    );
  const untilNobodyIsThere = () =>
    until(async () => (await connections()) === 0, { message: 'every connection is gone' });

  beforeAll(async () => {
    stage = await startStage({
      BROKER_HANDSHAKE_WAIT_MS: '300',
      BROKER_REGISTER_WAIT_MS: '400',
      BROKER_PING_INTERVAL_MS: '100',
      BROKER_SUSPECT_AFTER_MS: '500',
      // Far from the wait for a register, so that a machine that stands still for a moment confuses no two.
      BROKER_CLOSE_AFTER_MS: '2000',
      BROKER_FRAME_BYTES_IN_MAX: '65536',
      BROKER_FRAME_MS_MAX: '600',
    });
  });
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });
  afterAll(() => stage.close());

  it.each([
    ['nothing at all', ''],
    ['half a handshake', upgradeTo('/api/u/seller/coderai/wss').slice(0, 60)],
    ['a handshake whose headers never end', upgradeTo('/api/u/seller/coderai/wss')],
  ])('are let go when they have said %s', async (_, said) => {
    await Promise.all(Array.from({ length: 20 }, () => stubborn(stage.url, said)));
    await until(async () => (await connections()) === 20);
    await untilNobodyIsThere();
  });

  it('are let go when they are refused and do not hang up', async () => {
    const paths = ['/somewhere', '/api/u/seller/coderai/wss?provider_id=rig'];
    const refused = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        stubborn(stage.url, `${upgradeTo(paths[index % paths.length] ?? '')}\r\n\r\n`),
      ),
    );
    for (const socket of refused) await until(() => socket.readableEnded || socket.read() !== null);
    await untilNobodyIsThere();
  });

  it('are let go when they are admitted and never register, though they answer no closing', async () => {
    const workers = await Promise.all(Array.from({ length: 50 }, (_, index) => open(index)));
    for (const worker of workers) {
      expect(await worker.end()).toEqual({ code: 1008, reason: 'register_timeout' });
    }
    const { pathname, search } = new URL(
      everywhere({ ...openProvider, clientId: 'deaf' }).path,
      stage.url,
    );
    await stubborn(stage.url, `${upgradeTo(`${pathname}${search}`)}\r\n\r\n`);
    await until(async () => (await connections()) === 1);
    await untilNobodyIsThere();
  });

  it('are let go when they dribble a frame and nothing else', async () => {
    const worker = await open(1);
    worker.send('{"op":"register"}');
    const frame = maskedFrame(1, Buffer.alloc(60_000, 'x'));
    let at = 0;
    const dribble = setInterval(() => {
      worker.write(frame.subarray(at, at + 1));
      at += 1;
    }, 20);
    worker.isSilent = true;
    expect(await worker.end()).toEqual({ code: 1008, reason: 'silent' });
    clearInterval(dribble);
    worker.destroy();
    await untilNobodyIsThere();
  });

  it('are let go when a message in fragments does not end, though they ping', async () => {
    const worker = await open(1);
    worker.send('{"op":"register"}');
    worker.sendPart('{"op":', true);
    const dribble = setInterval(() => {
      worker.sendPart(' ', false);
      worker.ping();
    }, 50);
    expect(await worker.end()).toEqual({ code: 1007, reason: 'unreadable_frames' });
    clearInterval(dribble);
    worker.destroy();
    await untilNobodyIsThere();
  });

  it('are let go when the fragments become too many bytes', async () => {
    const worker = await open(1);
    worker.send('{"op":"register"}');
    for (let count = 0; count < 3; count += 1) worker.sendPart('x'.repeat(30_000), count === 0);
    expect((await worker.end()).code).toBe(1009);
    worker.destroy();
    await untilNobodyIsThere();
  });

  it('stay as long as they please when they do what they should', async () => {
    const worker = await open(1);
    worker.send('{"op":"register"}');
    const startedAtMs = performance.now();
    const pinging = setInterval(() => worker.ping(), 50);
    await until(() => performance.now() - startedAtMs > 3_000);
    clearInterval(pinging);
    expect(worker.closed).toBeUndefined();
    await worker.leave();
    await untilNobodyIsThere();
  });
});
