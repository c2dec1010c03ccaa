import { streams } from '@aisbf/contracts';
import { ensureStreams, NatsBus } from '@aisbf/platform';
import { AckPolicy } from '@nats-io/jetstream';
import { Injectable } from '@nestjs/common';
import { BusStreams, settleReader } from '../services/bus-streams.js';

/** Both are kept for a week, for whoever was away; no hold lives nearly as long. */
const weekMs = 7 * 86_400_000;
const own = [streams.usage, streams.settle].map(({ name, subjects }) => ({
  name,
  subjects,
  limits: { ageMsMax: weekMs },
}));

@Injectable()
export class NatsBusStreams extends BusStreams {
  constructor(private readonly bus: NatsBus) {
    super();
  }

  async ensure(): Promise<void> {
    // One that is there stays as it is: an operator may have given it replicas or another age.
    const manager = await ensureStreams(this.bus, own);
    await manager.consumers.add(streams.settle.name, {
      durable_name: settleReader,
      ack_policy: AckPolicy.Explicit,
    });
  }
}
