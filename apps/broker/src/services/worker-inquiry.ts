import {
  type Reply,
  type ReportedCapabilities,
  type ReportedModel,
  readCapabilitiesReply,
  readModels,
} from '@aisbf/broker-protocol';
import { Fault } from '@aisbf/faults';
import { GatheredReply } from './gathered-reply.js';
import type { ReplySink } from './reply-sink.js';
import type { CallRequest } from './worker-call.js';

/** What the inquiry needs of its session. */
export type InquiryLine = Readonly<{
  ask: (request: CallRequest, sink: ReplySink) => void;
  onModels: (models: readonly ReportedModel[]) => void;
  onCapabilities: (capabilities: ReportedCapabilities) => void;
  onTrouble: (detail: string) => void;
}>;

const firstRetryMs = 5_000;
const lastRetryMs = 60_000;

/** Asks a registered worker what it has, and asks again while it gives no usable answer. */
export class WorkerInquiry {
  /** Rises with each asking: what answers an earlier one is out of date. */
  private round = 0;
  private retryAtMs: number | undefined;
  private retryMs = firstRetryMs;

  constructor(private readonly line: InquiryLine) {}

  start(needsCapabilities: boolean, nowMs: number): void {
    this.retryMs = firstRetryMs;
    this.askModels(nowMs);
    if (needsCapabilities) this.askCapabilities();
  }

  /** Called every now and then. */
  visit(nowMs: number): void {
    if (this.retryAtMs === undefined || nowMs < this.retryAtMs) return;
    this.retryMs = Math.min(this.retryMs * 2, lastRetryMs);
    this.askModels(nowMs);
  }

  private askModels(askedAtMs: number): void {
    this.round += 1;
    this.retryAtMs = undefined;
    const { round, retryMs } = this;
    const sink = new GatheredReply((reply) => {
      if (round !== this.round) return;
      const models = reply instanceof Fault ? undefined : readModels(reply);
      if (models) return this.line.onModels(models);
      this.retryAtMs = askedAtMs + retryMs;
      this.line.onTrouble(troubleOf(reply));
    });
    this.line.ask(question('models.list', '/v1/models', round), sink);
  }

  private askCapabilities(): void {
    const sink = new GatheredReply((reply) => {
      // A worker that does not know the operation simply has nothing more to say about itself.
      const capabilities = reply instanceof Fault ? null : readCapabilitiesReply(reply);
      if (capabilities) this.line.onCapabilities(capabilities);
    });
    this.line.ask(question('capabilities', '/coderai/capabilities', this.round), sink);
  }
}

const emptyPayload = Buffer.from('{}');

function question(op: 'models.list' | 'capabilities', path: string, round: number): CallRequest {
  return {
    requestId: `${op}-${round}`,
    op,
    method: 'GET',
    path,
    payload: emptyPayload,
    isStream: false,
    // It is this very worker that is asked about itself.
    isLastCandidate: true,
  };
}

function troubleOf(reply: Reply | Fault): string {
  if (reply instanceof Fault) return `models.list: ${reply.code} ${reply.message}`;
  return reply.status >= 400
    ? `models.list was answered with status ${reply.status}`
    : 'models.list was answered with something that is no list of models';
}
