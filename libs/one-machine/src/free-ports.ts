import { createServer, type Server } from 'node:net';

/**
 * Ports are drawn from below what Linux hands to outgoing connections (32768 and up), so that none is
 * taken between the choice and the use.
 */
const portMin = 20_000;
const portMax = 31_999;
/** Enough to find room even where most of the range is in use. */
const attemptsMax = 500;

/** Finds this many different ports of 127.0.0.1 that nobody listens on. */
export async function findFreePorts(count: number): Promise<number[]> {
  const held: Server[] = [];
  try {
    const ports: number[] = [];
    for (let attempt = 0; ports.length < count; attempt += 1) {
      if (attempt === attemptsMax) throw new Error(`No ${count} free ports on 127.0.0.1.`);
      const port = portMin + Math.floor(Math.random() * (portMax - portMin + 1));
      const server = await listen(port);
      if (server === undefined) continue;
      // Held until all are found, so that none is found twice.
      held.push(server);
      ports.push(port);
    }
    return ports;
  } finally {
    await Promise.all(held.map(closed));
  }
}

export async function isFreePort(port: number, host = '127.0.0.1'): Promise<boolean> {
  const server = await listen(port, host);
  if (server === undefined) return false;
  await closed(server);
  return true;
}

function listen(port: number, host = '127.0.0.1'): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, host, () => resolve(server));
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
