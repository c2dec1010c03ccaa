import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import { serverLookup } from './address-lookup.js';

/** By the type of a question: what A and AAAA are answered with. */
type Zone = Readonly<Record<1 | 28, readonly (readonly number[])[]>>;

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close();
});

/** A name server that knows one zone for all names, or says nothing at all. */
async function nameServer(zone: Zone | undefined) {
  const socket = createSocket('udp4');
  sockets.push(socket);
  const questions: number[] = [];
  socket.on('message', (question, from) => {
    const type = question.readUInt16BE(question.indexOf(0, 12) + 1);
    questions.push(type);
    if (zone) socket.send(answerTo(question, zone[type as 1 | 28], type), from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { server: `127.0.0.1:${socket.address().port}`, questions };
}

function answerTo(question: Buffer, addresses: Zone[1], type: number): Buffer {
  const asked = question.subarray(12, question.indexOf(0, 12) + 5);
  const head = Buffer.from(question.subarray(0, 12));
  head.writeUInt16BE(0x8180, 2);
  head.writeUInt16BE(addresses.length, 6);
  head.writeUInt32BE(0, 8);
  const records = addresses.map((bytes) =>
    Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 1, 0, bytes.length, ...bytes]),
  );
  return Buffer.concat([head, asked, ...records]);
}

const six = [0x20, 1, 0x48, 0x60, ...Array.from({ length: 11 }, () => 0), 1];

describe(serverLookup, () => {
  it('asks the name servers for both families, the fourth first', async () => {
    const { server } = await nameServer({
      1: [
        [93, 184, 216, 34],
        [10, 0, 0, 1],
      ],
      28: [six],
    });
    expect(await serverLookup(3_000, [server])('api.example')).toEqual([
      { address: '93.184.216.34', family: 4 },
      { address: '10.0.0.1', family: 4 },
      { address: '2001:4860::1', family: 6 },
    ]);
  });

  it('finds a name of one family, and rejects one of none', async () => {
    const only = await nameServer({ 1: [], 28: [six] });
    expect(await serverLookup(3_000, [only.server])('six.example')).toHaveLength(1);
    const none = await nameServer({ 1: [], 28: [] });
    await expect(serverLookup(3_000, [none.server])('none.example')).rejects.toMatchObject({
      code: 'ENODATA',
    });
  });

  it('gives up on one that says nothing, after having asked twice', async () => {
    const silent = await nameServer(undefined);
    await expect(serverLookup(300, [silent.server])('slow.example')).rejects.toMatchObject({
      code: 'ETIMEOUT',
    });
    expect(silent.questions.toSorted((one, other) => one - other)).toEqual([1, 1, 28, 28]);
  });

  it('knows nothing of what this machine calls its own', async () => {
    const { server } = await nameServer({ 1: [], 28: [] });
    await expect(serverLookup(3_000, [server])('localhost')).rejects.toMatchObject({
      code: 'ENODATA',
    });
  });
});
