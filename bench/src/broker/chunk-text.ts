import { mockModel } from '../mock-answer.js';

/** Digits of a time in microseconds; they last for eleven days. */
const stampDigits = 12;
const stampField = '"at":"';

/** One word of a model, as engines stream it, with the time at which it was sent. */
export function chunkText(sentAtUs: number): string {
  const choices = '[{"index":0,"delta":{"content":" word"},"finish_reason":null}]';
  const stamp = String(Math.round(sentAtUs)).padStart(stampDigits, '0');
  return `data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,"model":"${mockModel}","choices":${choices},${stampField}${stamp}"}\n\n`;
}

/** Reads the times off the events of a stream, wherever the network has cut it. */
export class StampReader {
  #rest = '';

  /** The times of the events that these bytes complete, in microseconds. */
  push(bytes: Buffer): readonly number[] {
    const events = (this.#rest + bytes.toString('latin1')).split('\n\n');
    this.#rest = events.pop() ?? '';
    return events.flatMap((event) => {
      const at = event.indexOf(stampField);
      if (at < 0) return [];
      const from = at + stampField.length;
      return [Number(event.slice(from, from + stampDigits))];
    });
  }
}
