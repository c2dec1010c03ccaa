import { once } from 'node:events';
import { connect as connectSocket, type Socket } from 'node:net';
import { connect, type NatsConnection } from '@nats-io/transport-node';

/** Hears all that is said on a market's bus, and every command that its Redis is given, from its start on. */
export class Eavesdropper {
  private readonly busText: string[] = [];
  private readonly redisText: string[] = [];

  private constructor(
    private readonly bus: NatsConnection,
    private readonly redis: Socket,
  ) {
    redis.on('data', (data: Buffer) => this.redisText.push(data.toString('utf8')));
    // Its server may be gone before it is.
    redis.on('error', () => undefined);
    bus.subscribe('>', {
      callback: (_error, message) => {
        const headers = message.headers?.toString() ?? '';
        this.busText.push(`${message.subject} ${headers} ${message.string()}`);
      },
    });
  }

  static async start(
    servers: Readonly<{ natsUrl: string; redisUrl: string }>,
  ): Promise<Eavesdropper> {
    const { hostname, port } = new URL(servers.redisUrl);
    const redis = connectSocket({ host: hostname, port: Number(port) });
    await once(redis, 'connect');
    const bus = await connect({ servers: servers.natsUrl, name: 'eavesdropper' });
    const ears = new Eavesdropper(bus, redis);
    await bus.flush();
    const isHeard = once(redis, 'data');
    redis.write('MONITOR\r\n');
    await isHeard;
    return ears;
  }

  /** What was said so far. */
  heard(): Readonly<{ bus: string; redis: string }> {
    return { bus: this.busText.join('\n'), redis: this.redisText.join('') };
  }

  async stop(): Promise<void> {
    this.redis.destroy();
    await this.bus.close();
  }
}
