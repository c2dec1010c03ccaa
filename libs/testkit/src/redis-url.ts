import { once } from 'node:events';
import { connect } from 'node:net';
import { runSetting, workerIndex } from './run-setting.js';

/** Redis has sixteen databases unless told otherwise; there are never that many Jest workers. */
const databasesMax = 16;

/** Jest gives each test file its own copy of this module, so this is the file's. */
let emptied: Promise<string> | undefined;

/**
 * The URL of a Redis database that no other test file uses meanwhile: each Jest worker has a number of its
 * own. The first call in a file empties it; later ones find what the file itself wrote.
 */
export function redisUrl(): Promise<string> {
  emptied ??= emptyDatabase();
  return emptied;
}

async function emptyDatabase(): Promise<string> {
  const url = new URL(runSetting('TEST_REDIS_URL'));
  const index = workerIndex() % databasesMax;
  url.pathname = `/${index}`;
  const socket = connect({ host: url.hostname, port: Number(url.port) });
  try {
    await once(socket, 'connect');
    socket.write(`SELECT ${index}\r\nFLUSHDB\r\n`);
    let reply = '';
    while (reply.split('\r\n').length < 3) {
      const [chunk] = (await once(socket, 'data')) as [Buffer];
      reply += chunk.toString('latin1');
    }
    if (reply !== '+OK\r\n+OK\r\n') throw new Error(`Redis would not be emptied: ${reply}`);
  } finally {
    socket.destroy();
  }
  return url.href;
}
