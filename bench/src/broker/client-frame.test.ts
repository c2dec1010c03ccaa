import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { WebSocket, WebSocketServer } from 'ws';
import { frameHead, textFrame } from './client-frame.js';

/** What a real server reads when a real client's connection carries these bytes. */
async function read(frames: Buffer, count: number): Promise<readonly string[]> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const wire = connect(port, '127.0.0.1');
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, { createConnection: () => wire });
  const heard: string[] = [];
  const done = Promise.withResolvers<void>();
  server.on('connection', (peer) => {
    peer.on('error', done.reject);
    peer.on('message', (data) => {
      heard.push(String(data));
      if (heard.length === count) done.resolve();
    });
  });
  try {
    await once(socket, 'open');
    wire.write(frames);
    await done.promise;
  } finally {
    socket.terminate();
    server.close();
  }
  return heard;
}

describe(textFrame, () => {
  it('is read by a server as it was written, at every width of the length', async () => {
    const texts = [
      '',
      'é',
      'a'.repeat(125),
      'b'.repeat(126),
      'c'.repeat(65_535),
      'd'.repeat(65_536),
    ];
    const frames = Buffer.concat(texts.map(textFrame));
    expect(await read(frames, texts.length)).toEqual(texts);
  });
});

describe(frameHead, () => {
  it('announces bytes that are no text as such, so that nobody checks them for it', async () => {
    const bytes = Buffer.from([0xff, 0xfe]);
    expect(await read(Buffer.concat([frameHead('binary', 2), bytes]), 1)).toEqual([String(bytes)]);
    await expect(read(Buffer.concat([frameHead('text', 2), bytes]), 1)).rejects.toThrow('UTF-8');
  });
});
