import { streams } from '@aisbf/contracts';
import { NatsBus } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { EventPublisher, type OutboxEntry } from '../services/outbox-relay.js';

const streamed: readonly string[] = streams.usage.subjects;

/** Usage goes into a stream that acknowledges and drops repeats; wake-ups go out as they are. */
@Injectable()
export class NatsEventPublisher extends EventPublisher {
  constructor(private readonly bus: NatsBus) {
    super();
  }

  async publish({ subject, messageId, text }: OutboxEntry): Promise<void> {
    if (streamed.includes(subject)) {
      await this.bus.jetStream().publish(subject, text, { msgID: messageId });
      return;
    }
    this.bus.publishText(subject, text);
    await this.bus.flush();
  }
}
