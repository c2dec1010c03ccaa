import { Settle, streams } from '@aisbf/contracts';
import { Fault, isRetryable } from '@aisbf/faults';
import { Log, NatsBus } from '@aisbf/platform';
import { type ConsumerMessages, type JsMsg } from '@nats-io/jetstream';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { settleReader } from '../services/bus-streams.js';
import { Settlement } from '../services/settlement.js';

/** A settlement that finds no ledger is tried again after this long. */
const retryDelayMs = 1_000;
/** How long one question for messages stands, and how soon a bus that had lost its streams is asked again. */
const pullMs = 5_000;

/** Settlements that a gateway could not deliver directly come by here; repeats are harmless. */
@Injectable()
export class SettleConsumer implements OnApplicationShutdown {
  private messages: ConsumerMessages | undefined;

  constructor(
    private readonly bus: NatsBus,
    private readonly settlement: Settlement,
    private readonly log: Log,
  ) {}

  async start(): Promise<void> {
    const consumer = await this.bus.jetStream().consumers.get(streams.settle.name, settleReader);
    this.messages = await consumer.consume({
      expires: pullMs,
      callback: (message) => {
        void this.handle(message);
      },
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.messages?.close();
  }

  /** What can never succeed is ended with a line in the log; what may succeed later comes again. */
  private async handle(message: JsMsg): Promise<void> {
    const command = commandIn(message);
    if (!command) {
      this.log.error({ sequence: message.seq }, 'a queued settlement is of no known form');
      return message.term();
    }
    try {
      await this.settlement.settle(command);
      message.ack();
    } catch (error) {
      const isHopeless = error instanceof Fault && !isRetryable(error.kind);
      this.log.error(
        { requestId: command.requestId, error, isHopeless },
        'a queued settlement failed',
      );
      if (isHopeless) message.term();
      else message.nak(retryDelayMs);
    }
  }
}

function commandIn(message: JsMsg): Settle | undefined {
  try {
    return Settle.parse(message.json());
  } catch {
    // Whatever is wrong with it, no second reading will mend it.
    return undefined;
  }
}
