import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readFrameFromWorker } from './frame-from-worker.js';
import { stepRequest } from './request-life.js';

const read = (frame: unknown) => readFrameFromWorker(JSON.stringify(frame));

/** Frames that are almost right: the words of the protocol with anything in their places. */
const nearFrame = fc.record(
  {
    v: fc.constantFrom(1, '1', null),
    op: fc.constantFrom('register', 'heartbeat', 'chat.completions', 7),
    event: fc.constantFrom('chunk', 'done', 'pending', 'progress', 'stream', 'x', 5, null),
    status: fc.constantFrom('ok', 'error', 'pending', 3, null),
    request_id: fc.oneof(fc.string(), fc.constant(null), fc.integer()),
    error: fc.jsonValue(),
    code: fc.jsonValue(),
    payload: fc.oneof(
      fc.jsonValue(),
      fc.record(
        {
          chunk: fc.jsonValue(),
          chunks: fc.jsonValue(),
          data: fc.jsonValue(),
          sequence: fc.jsonValue(),
          status_code: fc.oneof(fc.integer({ min: -1, max: 700 }), fc.jsonValue()),
          body: fc.jsonValue(),
          body_base64: fc.jsonValue(),
          headers: fc.jsonValue(),
          content_type: fc.jsonValue(),
          hardware: fc.jsonValue(),
          capabilities: fc.jsonValue(),
          gpus: fc.jsonValue(),
        },
        { requiredKeys: [] },
      ),
    ),
  },
  { requiredKeys: [] },
);

describe(readFrameFromWorker, () => {
  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.string({ unit: 'binary' })), (text) => {
        expect(readFrameFromWorker(text)).toHaveProperty('type');
      }),
      { numRuns: 2000 },
    );
  });

  it('never throws for frames that are almost right, nor does what follows from them', () => {
    fc.assert(
      fc.property(nearFrame, (value) => {
        const frame = read(value);
        if (frame.type !== 'answer') return;
        const { life } = stepRequest({ name: 'dispatched' }, frame.answer);
        stepRequest(life, { type: 'end', chunks: [], reply: null });
      }),
      { numRuns: 5000 },
    );
  });

  it('survives nesting that cannot be written again', () => {
    const deep = `{"request_id":"r","status":"ok","payload":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;
    expect(readFrameFromWorker(deep)).toMatchObject({ answer: { type: 'malformed' } });
  });

  it.each([
    ['x', 'not_json'],
    ['[]', 'not_an_object'],
    ['{}', 'no_request_id'],
    ['{"request_id":1,"status":"ok"}', 'no_request_id'],
  ])('counts %s as unreadable', (text, reason) => {
    expect(readFrameFromWorker(text)).toEqual({ type: 'unreadable', reason });
  });

  it('tells a heartbeat from the answer to ours', () => {
    expect(read({ op: 'heartbeat', request_id: 'h' })).toMatchObject({ type: 'heartbeat' });
    const answer = { event: 'heartbeat', status: 'ok', request_id: 'h', payload: { hardware: {} } };
    expect(read(answer)).toEqual({ type: 'heartbeat-answer', hardware: {} });
  });

  it('takes an answer that repeats its op for an answer', () => {
    const frame = {
      op: 'chat.completions',
      request_id: 'r',
      status: 'ok',
      payload: { choices: [] },
    };
    expect(read(frame)).toMatchObject({ type: 'answer', answer: { type: 'reply' } });
  });

  it('does not do what a worker has no business to ask', () => {
    expect(read({ op: 'chat.completions', request_id: 'r', payload: {} })).toEqual({
      type: 'foreign-op',
    });
  });
});

describe('register', () => {
  const registration = (frame: object) => {
    const found = read({ op: 'register', request_id: 'r', ...frame });
    if (found.type !== 'register') throw new Error(`read as ${found.type}`);
    return found.registration;
  };

  it('needs nothing but its op', () => {
    expect(registration({})).toEqual({
      registrationToken: null,
      endpoint: null,
      hardware: null,
      capabilities: null,
      studioEndpoints: [],
    });
  });

  it('prefers the payload to the top level, and flat figures to those in hardware', () => {
    const { hardware, capabilities } = registration({
      capabilities: { server: 'outer' },
      payload: {
        capabilities: { server: { name: 'inner', version: '2' }, transports: { websocket: true } },
        hardware: { hostname: 'box', gpu_count: 9, total_vram_mb: 1, available_vram_mb: 1 },
        gpu_count: 1,
        total_vram_gb: 24,
        total_vram_mb: 24_000,
        available_vram_gb: 20.5,
      },
    });
    expect(hardware).toMatchObject({ hostname: 'box', gpuCount: 1, vramMb: 24_000 });
    expect(hardware?.vramMbFree).toBe(1);
    expect(capabilities).toMatchObject({
      server: 'inner',
      version: '2',
      transports: ['websocket'],
    });
  });

  it('converts gigabytes, and adds the cards up where there is no sum', () => {
    const gpu = { name: 'g', total_vram_gb: 8, used_vram_gb: 2 };
    const { hardware } = registration({ payload: { gpus: [gpu, gpu, 'junk'] } });
    expect(hardware).toMatchObject({ gpuCount: 3, vramMb: 16_384, vramMbFree: 12_288 });
  });

  it('keeps nothing of figures that cannot be true', () => {
    const { hardware } = registration({
      payload: { gpu_count: -1, total_vram_mb: 1e300, available_vram_mb: 'x', hostname: 'box' },
    });
    expect(hardware).toMatchObject({ gpuCount: 0, vramMb: 0, vramMbFree: 0 });
  });

  it('reads limits, operations and the token only as what they are', () => {
    const { capabilities, registrationToken } = registration({
      registration_token: 't',
      payload: {
        registration_token: 't',
        capabilities: {
          operations: ['cancel', 7],
          limits: { max_frame_bytes: 2_000_000, concurrency: 4 },
        },
      },
    });
    expect(registrationToken).toBe('t');
    expect(capabilities).toMatchObject({
      operations: ['cancel'],
      frameBytesMax: 2_000_000,
      concurrencyMax: 4,
    });
    const nonsense = registration({
      capabilities: { limits: { max_frame_bytes: -1, concurrency: 1e9 }, operations: 'cancel' },
    });
    expect(nonsense.capabilities).toMatchObject({
      operations: [],
      frameBytesMax: null,
      concurrencyMax: null,
    });
  });

  it('is never right with two different tokens', () => {
    const frame = { registration_token: 'right', payload: { registration_token: 'wrong' } };
    expect(registration(frame).registrationToken).toBe('');
  });
});
