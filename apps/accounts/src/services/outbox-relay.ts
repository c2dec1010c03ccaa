import { Injectable } from '@nestjs/common';
import { inRounds } from './in-rounds.js';

export type OutboxEntry = Readonly<{
  id: string;
  messageId: string;
  subject: string;
  /** As it goes out: nobody here looks into it. */
  text: string;
}>;

/** Events written with the facts they tell of, waiting to be published. */
export abstract class OutboxStore {
  abstract unpublished(limit: number): Promise<readonly OutboxEntry[]>;
  abstract markPublished(ids: readonly string[]): Promise<void>;
}

/** Publishes at least once; the message id lets the server drop repeats. */
export abstract class EventPublisher {
  abstract publish(entry: OutboxEntry): Promise<void>;
}

const batchMax = 200;

/** Carries the outbox to the bus. Two relays may carry the same entry; it arrives once. */
@Injectable()
export class OutboxRelay {
  constructor(
    private readonly outbox: OutboxStore,
    private readonly publisher: EventPublisher,
  ) {}

  async relay(): Promise<number> {
    let total = 0;
    await inRounds(batchMax, async (limit) => {
      const entries = await this.outbox.unpublished(limit);
      await Promise.all(entries.map((entry) => this.publisher.publish(entry)));
      if (entries.length > 0) await this.outbox.markPublished(entries.map(({ id }) => id));
      total += entries.length;
      return entries.length;
    });
    return total;
  }
}
