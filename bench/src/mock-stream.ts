import type { ServerResponse } from 'node:http';
import { streamEvents } from './mock-answer.js';

/** Each event is a write of its own, in a turn of its own, as those of a model are. */
export function writeStream(response: ServerResponse, everyMs = 0, from = 0): void {
  const event = streamEvents[from];
  if (response.destroyed) return;
  if (event === undefined) {
    response.end();
    return;
  }
  response.write(event);
  if (everyMs === 0) setImmediate(writeStream, response, everyMs, from + 1);
  else setTimeout(writeStream, everyMs, response, everyMs, from + 1);
}
