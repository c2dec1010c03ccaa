import { readChatEvent, type SseEvent, SseEventTooLarge, SseReader } from '@aisbf/openai';
import { failed, isWell, type ProbeVerdict } from './probe-verdict.js';

/** An event of an answer of a token or so. */
const eventBytesMax = 65_536;

/** Reads the stream that a probe has asked for, by the rules by which a buyer's counts as an answer. */
export class ProbeStream {
  private readonly reader = new SseReader(eventBytesMax);
  private hasAnswered = false;
  private hasFinished = false;
  private isDone = false;

  /** A verdict where nothing more needs to be read. */
  push(chunk: Uint8Array): ProbeVerdict | undefined {
    try {
      return this.take(this.reader.push(chunk));
    } catch (error) {
      if (error instanceof SseEventTooLarge) return failed('garbage');
      throw error;
    }
  }

  /** The stream has ended. */
  end(): ProbeVerdict {
    const last = this.isDone ? undefined : this.reader.end();
    return (last && this.take([last])) ?? this.verdict();
  }

  private take(events: readonly SseEvent[]): ProbeVerdict | undefined {
    for (const { data } of events) {
      if (data === undefined) continue;
      const result = readChatEvent(data);
      if (result.kind === 'error') return failed('error_in_answer');
      if (result.kind === 'garbage') return failed('garbage');
      if (result.kind === 'done') {
        this.isDone = true;
        return this.verdict();
      }
      const { pieces, finishReason } = result.answer;
      this.hasFinished ||= finishReason !== null && finishReason !== 'error';
      // One token may be one that nobody sees; to have come to the limit is an answer too.
      this.hasAnswered ||= pieces.length > 0 || this.hasFinished;
    }
    return undefined;
  }

  private verdict(): ProbeVerdict {
    if (!this.hasAnswered) return failed('empty');
    return this.isDone || this.hasFinished ? isWell : failed('cut');
  }
}
