import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Pool } from 'undici';
import { exchange } from './whole-exchange.js';

/** A server that sends what it is told, as it is, for whatever comes. */
let answer: (socket: Socket) => void;
const server = createServer((socket) => {
  socket.on('error', () => undefined);
  socket.once('data', () => answer(socket));
});
let pool: Pool;

beforeEach(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  pool = new Pool(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});

afterEach(async () => {
  await pool.destroy();
  server.close();
});

const get = () => exchange(pool, { method: 'GET', path: '/', headers: {}, body: null });

describe(exchange, () => {
  it.each([
    ['in one piece', 'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nword', 200, 'word'],
    [
      'in chunks',
      'HTTP/1.1 404 No\r\ntransfer-encoding: chunked\r\n\r\n2\r\nwo\r\n2\r\nrd\r\n0\r\n\r\n',
      404,
      'word',
    ],
    ['without a body', 'HTTP/1.1 204 None\r\n\r\n', 204, ''],
    [
      'behind a hint',
      'HTTP/1.1 103 Soon\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx',
      200,
      'x',
    ],
  ])('reads an answer that comes %s', async (_how, said, status, body) => {
    answer = (socket) => socket.write(said);
    const read = await get();
    expect({ ...read, body: read.body.toString() }).toEqual({ status, body });
  });

  it.each([
    ['in its head', 'HTTP/1.1 200'],
    ['in its body', 'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nwo'],
  ])('takes none that breaks off %s', async (_where, said) => {
    answer = (socket) => socket.end(said);
    await expect(get()).rejects.toThrow();
  });

  it('takes none where nobody listens', async () => {
    server.close();
    await once(server, 'close');
    await expect(get()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    server.listen(0, '127.0.0.1');
  });
});
