import { once } from 'node:events';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server that a test has opened on this machine. */
export type Loopback = Readonly<{
  server: Server;
  port: number;
  url: string;
  /** Breaks every connection: whoever still waits for an answer gets none. */
  stop: () => Promise<void>;
}>;

/** Port 0 is any that is free. */
export async function listenOnLoopback(
  server: Server,
  port = 0,
  address = '127.0.0.1',
): Promise<Loopback> {
  server.listen(port, address);
  await once(server, 'listening');
  const bound = (server.address() as AddressInfo).port;
  const stop = async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return { server, port: bound, url: `http://${address}:${bound}`, stop };
}

export async function textOf(message: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of message) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}
