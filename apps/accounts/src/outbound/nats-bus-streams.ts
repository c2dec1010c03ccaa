import { streams } from '@aisbf/contracts';
import { NatsBus } from '@aisbf/platform';
import { AckPolicy } from '@nats-io/jetstream';
import { Injectable } from '@nestjs/common';
import { BusStreams, settleReader } from '../services/bus-streams.js';

/** Both are kept for a week, for whoever was away; no hold lives nearly as long. */
const weekNanos = 7 * 86_400 * 1_000_000_000;

@Injectable()
export class NatsBusStreams extends BusStreams {
  constructor(private readonly bus: NatsBus) {
    super();
  }

  async ensure(): Promise<void> {
    const manager = await this.bus.jetStreamManager();
    const known = new Set(await manager.streams.names().next());
    for (const { name, subjects } of Object.values(streams)) {
      // One that is there stays as it is: an operator may have given it replicas or another age.
      if (known.has(name)) continue;
      await manager.streams.add({ name, subjects: [...subjects], max_age: weekNanos });
    }
    await manager.consumers.add(streams.settle.name, {
      durable_name: settleReader,
      ack_policy: AckPolicy.Explicit,
    });
  }
}
