import type { AnswerHead, Reply } from '@aisbf/broker-protocol';
import type { Fault } from '@aisbf/faults';
import { ReplySink } from './reply-sink.js';

/** Collects the answer to one of our own questions, in whichever form it comes. */
export class GatheredReply extends ReplySink {
  private readonly parts: Buffer[] = [];
  private contentType = '';
  private status = 200;

  constructor(private readonly onReply: (reply: Reply | Fault) => void) {
    super();
  }

  override get backlogBytes(): number {
    return 0;
  }

  override whole(reply: Reply): void {
    this.onReply(reply);
  }

  override start(contentType: string, head?: AnswerHead): void {
    this.contentType = contentType;
    this.status = head?.status ?? 200;
  }

  override bytes(bytes: Buffer, onTaken: () => void): void {
    this.parts.push(bytes);
    onTaken();
  }

  /** It takes everything at once. */
  override watch(): void {}

  override end(): void {
    this.onReply({
      status: this.status,
      contentType: this.contentType,
      body: Buffer.concat(this.parts),
      isStream: true,
      filename: null,
      retryAfter: null,
    });
  }

  override fail(fault: Fault): void {
    this.onReply(fault);
  }
}
