import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { answerFrame } from '@aisbf/broker-protocol';
import { mockModel } from '../mock-answer.js';
import { textFrame } from './client-frame.js';
import type { RelayLane } from './relay-lane.js';
import { streamEnd } from './stream-end.js';
import type { Peer } from './worker-claim.js';

export type Body = Readonly<{ bytes: number; times: number }>;

/** How long each body took, and what was wrong with any. */
export type BodyResult = Readonly<{ eachMs: readonly number[]; failures: readonly string[] }>;

const boundary = 'bench-boundary';

/** An image on its way to a worker: a form, as buyers send it, until the worker's short answer is read. */
export async function upload(
  lane: RelayLane,
  peer: Peer,
  { bytes, times }: Body,
): Promise<BodyResult> {
  const image = randomBytes(bytes);
  const body = Buffer.concat([
    formPart('name="model"', Buffer.from(mockModel)),
    formPart('name="image"; filename="image.png"', image, 'image/png'),
    Buffer.from(`--${boundary}--\r\n`),
  ]);
  const request = lane.request({
    path: '/v1/images/edits',
    contentType: `multipart/form-data; boundary=${boundary}`,
    ...{ body, isStream: false },
  });
  const { worker } = lane;
  // What reached the worker must at least be as long as what was sent.
  const bytesMin = peer === 'floor' ? body.length : Math.floor((bytes * 4) / 3);
  let frameBytes = 0;
  worker.onWork = (work) => {
    ({ frameBytes } = work);
    worker.write(peer === 'floor' ? textFrame(streamEnd.toString()) : shortAnswer(work.requestId));
  };
  return timed(times, async () => {
    const { status } = await lane.connection.send(request);
    if (status !== 200) return `an upload was answered with status ${status}`;
    return frameBytes >= bytesMin ? undefined : `${frameBytes} bytes of an upload arrived`;
  });
}

/** A video on its way from a worker: base64 in one frame, as today's client sends it. */
export async function download(
  lane: RelayLane,
  peer: Peer,
  { bytes, times }: Body,
): Promise<BodyResult> {
  const video = randomBytes(bytes);
  const base64 = Buffer.from(video.toString('base64'));
  const request = lane.request({
    path: '/v1/video/generations',
    contentType: 'application/json',
    body: Buffer.from(JSON.stringify({ model: mockModel, prompt: 'A short film.' })),
    isStream: false,
  });
  const { worker } = lane;
  worker.onWork = ({ requestId }) => {
    if (peer === 'floor') {
      worker.writeParts('binary', [video]);
      worker.write(textFrame(streamEnd.toString()));
    } else {
      const [before = '', after = ''] = videoAnswer(requestId).split('BODY');
      worker.writeParts('text', [Buffer.from(before), base64, Buffer.from(after)]);
    }
  };
  const bytesWanted = peer === 'floor' ? bytes + streamEnd.length : bytes;
  return timed(times, async () => {
    const { status, bodyBytes } = await lane.connection.send(request);
    if (status !== 200) return `a download was answered with status ${status}`;
    return bodyBytes === bytesWanted ? undefined : `${bodyBytes} bytes of a download arrived`;
  });
}

function formPart(disposition: string, bytes: Buffer, contentType?: string): Buffer {
  const type = contentType === undefined ? '' : `content-type: ${contentType}\r\n`;
  const head = `--${boundary}\r\ncontent-disposition: form-data; ${disposition}\r\n${type}\r\n`;
  return Buffer.concat([Buffer.from(head), bytes, Buffer.from('\r\n')]);
}

function shortAnswer(requestId: string): Buffer {
  const payload = { status_code: 200, headers: {}, content_type: 'application/json', body: '{}' };
  return textFrame(JSON.stringify(answerFrame(requestId, payload, { elapsed_ms: 1 })));
}

function videoAnswer(requestId: string): string {
  const head = { status_code: 200, headers: {}, content_type: 'video/mp4' };
  const payload = { ...head, body_base64: 'BODY' };
  return JSON.stringify(answerFrame(requestId, payload, { elapsed_ms: 1 }));
}

async function timed(times: number, once: () => Promise<string | undefined>): Promise<BodyResult> {
  const eachMs: number[] = [];
  const failures: string[] = [];
  for (let time = 0; time < times; time += 1) {
    const startMs = performance.now();
    const failure = await once();
    if (failure === undefined) eachMs.push(performance.now() - startMs);
    else failures.push(failure);
  }
  return { eachMs, failures };
}
