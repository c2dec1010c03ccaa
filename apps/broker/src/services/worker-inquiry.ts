import {
  jsonPayload,
  type Reply,
  type ReportedCapabilities,
  type ReportedModel,
  readCapabilitiesReply,
  readModels,
} from '@aisbf/broker-protocol';
import { Fault } from '@aisbf/faults';
import type { CallRequest } from './call-request.js';
import { GatheredReply } from './gathered-reply.js';
import type { ReplySink } from './reply-sink.js';

/** What the inquiry needs of its session. */
export type InquiryLine = Readonly<{
  ask: (request: CallRequest, sink: ReplySink) => void;
  onModels: (models: readonly ReportedModel[]) => void;
  onCapabilities: (capabilities: ReportedCapabilities) => void;
  onTrouble: (detail: string) => void;
  nowMs: () => number;
}>;

const firstRetryMs = 5_000;
const lastRetryMs = 60_000;

/**
 * Asks a registered worker what it has, and asks again while it gives no usable answer. Of each question only
 * one is open at a time, however often the worker registers.
 */
export class WorkerInquiry {
  private isAskingModels = false;
  private isAskingCapabilities = false;
  /** The worker has registered again since the open question was asked. */
  private isOutdated = false;
  private retryAtMs: number | undefined;
  private retryMs = firstRetryMs;

  constructor(private readonly line: InquiryLine) {}

  start(needsCapabilities: boolean): void {
    this.retryMs = firstRetryMs;
    if (this.isAskingModels) this.isOutdated = true;
    else this.askModels();
    if (needsCapabilities && !this.isAskingCapabilities) this.askCapabilities();
  }

  /** Called every now and then. */
  visit(nowMs: number): void {
    if (this.retryAtMs === undefined || nowMs < this.retryAtMs) return;
    this.retryMs = Math.min(this.retryMs * 2, lastRetryMs);
    this.askModels();
  }

  private askModels(): void {
    this.isAskingModels = true;
    this.isOutdated = false;
    this.retryAtMs = undefined;
    const sink = new GatheredReply((reply) => {
      this.isAskingModels = false;
      if (this.isOutdated) this.askModels();
      else this.onModels(reply);
    });
    this.line.ask(question('models.list', '/v1/models'), sink);
  }

  private onModels(reply: Reply | Fault): void {
    const models = reply instanceof Fault ? undefined : readModels(reply);
    if (models) {
      this.line.onModels(models);
      return;
    }
    this.retryAtMs = this.line.nowMs() + this.retryMs;
    this.line.onTrouble(troubleOf(reply));
  }

  private askCapabilities(): void {
    this.isAskingCapabilities = true;
    const sink = new GatheredReply((reply) => {
      this.isAskingCapabilities = false;
      // A worker that does not know the operation simply has nothing more to say about itself.
      const capabilities = reply instanceof Fault ? null : readCapabilitiesReply(reply);
      if (capabilities) this.line.onCapabilities(capabilities);
    });
    this.line.ask(question('capabilities', '/coderai/capabilities'), sink);
  }
}

const emptyPayload = jsonPayload(Buffer.from('{}'));

function question(op: 'models.list' | 'capabilities', path: string): CallRequest {
  return {
    requestId: op,
    op,
    method: 'GET',
    path,
    payload: emptyPayload,
    isStream: false,
    buyer: '',
    model: undefined,
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
