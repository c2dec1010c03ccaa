import { QueuedReport, streams } from '@aisbf/contracts';
import { Fault, isRetryable } from '@aisbf/faults';
import { Log, NatsBus } from '@aisbf/platform';
import { type ConsumerMessages, type JsMsg } from '@nats-io/jetstream';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { settleReader } from '../services/bus-streams.js';
import { Settlement } from '../services/settlement.js';
import { Withdrawal } from '../services/withdrawal.js';

/** A report that finds no ledger is tried again after this long. */
const retryDelayMs = 1_000;
/** How long one question for messages stands, and how soon a bus that had lost its streams is asked again. */
const pullMs = 5_000;

/** Settlements and withdrawals that a gateway could not deliver directly; repeats are harmless. */
@Injectable()
export class SettleConsumer implements OnApplicationShutdown {
  private messages: ConsumerMessages | undefined;

  constructor(
    private readonly bus: NatsBus,
    private readonly settlement: Settlement,
    private readonly withdrawal: Withdrawal,
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
    const report = reportIn(message);
    if (!report) {
      this.log.error({ sequence: message.seq }, 'a queued report is of no known form');
      return message.term();
    }
    try {
      if (report.type === 'settle') await this.settlement.settle(report);
      else await this.withdrawal.withdraw(report);
      message.ack();
    } catch (error) {
      const isHopeless = error instanceof Fault && !isRetryable(error.kind);
      const { requestId, type } = report;
      this.log.error({ requestId, type, error, isHopeless }, 'a queued report failed');
      if (isHopeless) message.term();
      else message.nak(retryDelayMs);
    }
  }
}

function reportIn(message: JsMsg): QueuedReport | undefined {
  try {
    return QueuedReport.parse(message.json());
  } catch {
    // Whatever is wrong with it, no second reading will mend it.
    return undefined;
  }
}
