import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { runSetting, workerIndex } from './run-setting.js';

/**
 * The URL of a NATS server without streams or buckets that no other test file uses meanwhile: each Jest
 * worker has a server of its own, emptied whenever a file asks.
 */
export async function natsUrl(): Promise<string> {
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
