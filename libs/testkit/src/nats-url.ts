import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { runSetting, workerIndex } from './run-setting.js';

/** Jest gives each test file its own copy of this module, so this is the file's. */
let emptied: Promise<string> | undefined;

/**
 * The URL of a NATS server that no other test file uses meanwhile: each Jest worker has a server of its own.
 * The first call in a file removes all streams and buckets; later ones find what the file itself made.
 */
export function natsUrl(): Promise<string> {
  emptied ??= emptyServer();
  return emptied;
}

async function emptyServer(): Promise<string> {
  const urls = runSetting('TEST_NATS_URLS').split(',');
  const url = urls[workerIndex() % urls.length] ?? '';
  const connection = await connect({ servers: url });
  try {
    const manager = await jetstreamManager(connection);
    for await (const name of manager.streams.names()) await manager.streams.delete(name);
  } finally {
    await connection.close();
  }
  return url;
}
