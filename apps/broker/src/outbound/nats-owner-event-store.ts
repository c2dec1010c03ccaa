import { OwnerEvent, streams, subjects } from '@aisbf/contracts';
import { type BusStream, ensureStreams, type NatsBus } from '@aisbf/platform';
import {
  AckPolicy,
  type ConsumerInfo,
  DeliverPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
  type JsMsg,
} from '@nats-io/jetstream';
import { brokerFaults } from '../domain/broker-faults.js';
import { type OwnerEventQuestion, OwnerEventStore } from '../services/owner-event-log.js';

export type OwnerEventLimits = Required<BusStream['limits']> &
  Readonly<{
    /** How long one event, or one answer, may take. */
    waitMs: number;
    /** Of one question: more belong to many providers of one name. */
    readMax: number;
  }>;

const nanosPerMs = 1_000_000;

/** Keeps them in a JetStream stream, which any instance reads. */
export class NatsOwnerEventStore extends OwnerEventStore {
  constructor(
    private readonly bus: NatsBus,
    private readonly limits: OwnerEventLimits,
  ) {
    super();
  }

  override async ensure(): Promise<void> {
    const { ageMsMax, bytesMax, messagesPerSubjectMax } = this.limits;
    const limits = { ageMsMax, bytesMax, messagesPerSubjectMax };
    await ensureStreams(this.bus, [{ ...streams.ownerEvents, limits }], 'adjusted');
  }

  override async append(event: OwnerEvent): Promise<void> {
    if (!this.bus.isConnected) throw brokerFaults.HISTORY_AWAY();
    await this.bus.jetStream().publish(subjects.ownerEvent(event), JSON.stringify(event), {
      msgID: event.eventId,
      timeout: this.limits.waitMs,
    });
  }

  override async read(question: OwnerEventQuestion): Promise<readonly OwnerEvent[]> {
    const manager = await this.bus.jetStreamManager();
    const reader = await this.openReader(manager, subjects.ownerEvent(question));
    if (!reader) return [];
    try {
      if (reader.num_pending > this.limits.readMax) throw brokerFaults.PROVIDER_AMBIGUOUS();
      return await this.readAll(reader);
    } finally {
      // Where this fails it ends by itself, and what was read is as good.
      await manager.consumers.delete(reader.stream_name, reader.name).catch(() => undefined);
    }
  }

  /** Undefined where the bus has lost the stream, and nothing was stored since. */
  private async openReader(
    manager: JetStreamManager,
    filter: string,
  ): Promise<ConsumerInfo | undefined> {
    try {
      return await manager.consumers.add(streams.ownerEvents.name, {
        filter_subject: filter,
        deliver_policy: DeliverPolicy.All,
        ack_policy: AckPolicy.None,
        mem_storage: true,
        num_replicas: 1,
        inactive_threshold: 2 * this.limits.waitMs * nanosPerMs,
      });
    } catch (error) {
      const isMissing =
        error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound;
      if (isMissing) return undefined;
      throw error;
    }
  }

  private async readAll(reader: ConsumerInfo): Promise<readonly OwnerEvent[]> {
    const events: OwnerEvent[] = [];
    if (reader.num_pending === 0) return events;
    const consumer = this.bus.jetStream().consumers.getConsumerFromInfo(reader);
    const { waitMs: expires } = this.limits;
    const messages = await consumer.fetch({ max_messages: reader.num_pending, expires });
    for await (const message of messages) {
      const event = eventIn(message);
      if (event) events.push(event);
      // Some that were counted may have been pushed out meanwhile.
      if (message.info.pending === 0) break;
    }
    return events;
  }
}

/** Undefined where it is of no known form: a newer instance may write what this one does not know yet. */
function eventIn(message: JsMsg): OwnerEvent | undefined {
  try {
    return OwnerEvent.parse(message.json());
  } catch {
    return undefined;
  }
}
