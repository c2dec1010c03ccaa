import { type BatchError, batchErrorsMax } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { BatchCheck } from '../domain/batch-line.js';
import { type FileLine, LineSplitter } from '../domain/line-splitter.js';
import { BatchWorkStore } from './batch-store.js';
import { BatchTerms, type ClaimedBatch } from './claimed-batch.js';

type Line = Readonly<{ position: number; offset: number; length: number }>;

/** Lines that are told of in one call. */
const toldMax = 2_000;

/** Reads a batch's file from its beginning to its end before any of it runs. */
@Injectable()
export class BatchValidation {
  constructor(
    private readonly store: BatchWorkStore,
    private readonly terms: BatchTerms,
  ) {}

  /** False where the batch cannot run. */
  async run({ work, claim, input }: ClaimedBatch): Promise<boolean> {
    const reading = new Reading(new BatchCheck(work.batch.endpoint), this.terms);
    const { claimMs } = this.terms;
    const tell = async (atLeast: number) => {
      while (reading.lines.length >= atLeast && !reading.hasErrors) {
        const lines = reading.lines.splice(0, toldMax);
        await this.store.addLines({ type: 'add-batch-lines', ...claim, claimMs, lines });
      }
    };
    for await (const piece of input.read()) {
      if (!reading.push(piece)) break;
      await tell(toldMax);
    }
    const errors = reading.end();
    await tell(1);
    await this.store.start({ type: 'start-batch', ...claim, errors });
    return errors === null;
  }
}

class Reading {
  readonly lines: Line[] = [];
  private readonly errors: BatchError[] = [];
  private readonly splitter: LineSplitter;

  constructor(
    private readonly check: BatchCheck,
    private readonly terms: BatchTerms,
  ) {
    this.splitter = new LineSplitter(terms.lines.bytesMax);
  }

  get hasErrors(): boolean {
    return this.errors.length > 0;
  }

  /** False where reading on is no use. */
  push(piece: Buffer): boolean {
    const lines = this.splitter.push(piece);
    if (lines) return lines.every((line) => this.take(line));
    const message = `A line has up to ${this.terms.lines.bytesMax} bytes.`;
    return this.refuse({
      code: 'line_too_long',
      message,
      param: null,
      line: this.splitter.lineNumber,
    });
  }

  /** All mistakes, or null where there are none. */
  end(): [BatchError, ...BatchError[]] | null {
    if (!this.hasErrors) for (const line of this.splitter.end()) this.take(line);
    if (this.check.count === 0 && !this.hasErrors) {
      const message = 'The file holds no request.';
      this.refuse({ code: 'empty_file', message, param: 'input_file_id', line: null });
    }
    const [first, ...rest] = this.errors;
    return first ? [first, ...rest] : null;
  }

  private take({ number, offset, bytes }: FileLine): boolean {
    if (isBlank(bytes)) return true;
    const mistake = this.check.check(bytes);
    if (mistake) return this.refuse({ ...mistake, line: number }) || this.hasRoom;
    const { countMax } = this.terms.lines;
    if (this.check.count > countMax) {
      const message = `A batch has up to ${countMax} requests.`;
      return this.refuse({ code: 'too_many_tasks', message, param: null, line: number });
    }
    this.lines.push({ position: number, offset, length: bytes.length });
    return true;
  }

  private get hasRoom(): boolean {
    return this.errors.length < batchErrorsMax;
  }

  private refuse(error: BatchError): false {
    if (this.hasRoom) this.errors.push(error);
    return false;
  }
}

function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x0d || byte === 0x09);
}
