import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { mockModel } from '../mock-answer.js';
import { chunkText, StampReader } from './chunk-text.js';
import type { RelayLane } from './relay-lane.js';
import type { Work } from './relay-worker.js';

/** What one stream came to. */
export type StreamResult = Readonly<{
  chunks: number;
  /** Of each chunk, from its worker's write to its reader's read; only where it was asked for. */
  delaysMs: readonly number[];
  failure: string | undefined;
}>;

const body = Buffer.from(
  JSON.stringify({
    model: mockModel,
    messages: [{ role: 'user', content: 'Say something long.' }],
    stream: true,
  }),
);
const request = {
  ...{ path: '/v1/chat/completions', contentType: 'application/json' },
  ...{ body, isStream: true },
};

const nowUs = (): number => performance.now() * 1_000;

/** A worker that says a word at a constant rate, as a model does, until the time is over. */
export async function pacedStream(
  lane: RelayLane,
  { perS, ms, startMs }: Readonly<{ perS: number; ms: number; startMs: number }>,
): Promise<StreamResult> {
  await delay(startMs);
  const { worker, connection } = lane;
  let sent = 0;
  worker.onWork = (work) => {
    worker.acknowledge(work);
    const endMs = performance.now() + ms;
    const timer = setInterval(() => {
      if (performance.now() < endMs) {
        sent += 1;
        worker.write(worker.chunkFrame(work, [chunkText(nowUs())]));
      } else {
        clearInterval(timer);
        worker.endStream(work);
      }
    }, 1_000 / perS);
  };
  const stamps = new StampReader();
  const delaysMs: number[] = [];
  const answer = await connection.send(lane.request(request), (piece) => {
    const readUs = nowUs();
    for (const sentUs of stamps.push(piece)) delaysMs.push((readUs - sentUs) / 1_000);
  });
  return { chunks: sent, delaysMs, failure: failureOf(answer, sent) };
}

export type Flood = Readonly<{
  ms: number;
  /** Frames that may be under way at once: with one, each comes by itself. */
  window: number;
  /** Chunks in each frame. */
  perFrame: number;
}>;

/** A worker that says as much as is read, until the time is over. */
export async function floodedStream(lane: RelayLane, flood: Flood): Promise<StreamResult> {
  const { worker, connection } = lane;
  const source = new FloodSource(lane, flood);
  worker.onWork = (work) => source.begin(work);
  const answer = await connection.send(lane.request(request), (_piece, events) =>
    source.onRead(events),
  );
  return { chunks: source.sent, delaysMs: [], failure: failureOf(answer, source.sent) };
}

/** Keeps a stream's window full with frames that were made beforehand. */
class FloodSource {
  sent = 0;
  #work: Work | undefined;
  #frames = Buffer.alloc(0);
  #frameBytes = 0;
  #endMs = 0;
  #hasEnded = false;

  constructor(
    private readonly lane: RelayLane,
    private readonly flood: Flood,
  ) {}

  begin(work: Work): void {
    const { worker } = this.lane;
    const { ms, window, perFrame } = this.flood;
    const frame = worker.chunkFrame(work, Array<string>(perFrame).fill(chunkText(0)));
    this.#work = work;
    this.#frameBytes = frame.length;
    this.#frames = Buffer.concat(Array<Buffer>(window).fill(frame));
    this.#endMs = performance.now() + ms;
    worker.acknowledge(work);
    this.#write(window);
  }

  onRead(events: number): void {
    const work = this.#work;
    if (work === undefined || this.#hasEnded) return;
    const { window, perFrame } = this.flood;
    if (performance.now() < this.#endMs) {
      const underWay = Math.ceil((this.sent - events) / perFrame);
      if (underWay < window) this.#write(window - underWay);
    } else if (events >= this.sent) {
      this.#hasEnded = true;
      this.lane.worker.endStream(work);
    }
  }

  #write(frames: number): void {
    this.sent += frames * this.flood.perFrame;
    this.lane.worker.write(this.#frames.subarray(0, frames * this.#frameBytes));
  }
}

/** All chunks, and one event that ends the stream. */
function failureOf(
  { status, events }: Readonly<{ status: number; events: number }>,
  sent: number,
): string | undefined {
  if (status !== 200) return `a stream was answered with status ${status}`;
  return events === sent + 1 ? undefined : `${events} events came of ${sent} chunks and the end`;
}
