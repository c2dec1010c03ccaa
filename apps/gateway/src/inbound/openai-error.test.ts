import { Fault, type FaultKind, httpStatusByKind } from '@aisbf/faults';
import { describe, expect, it } from '@jest/globals';
import { errorAnswer } from './openai-error.js';

const fault = (kind: FaultKind, code = 'SOME_CODE', details = {}) =>
  new Fault({ code, kind, message: 'words', details });

describe(errorAnswer, () => {
  it.each(Object.keys(httpStatusByKind) as FaultKind[])(
    "tells a fault of kind %s in OpenAI's shape",
    (kind) => {
      const { status, headers, body } = errorAnswer(fault(kind));
      expect(status).toBe(httpStatusByKind[kind]);
      expect(body.error).toMatchObject({ message: 'words', code: 'some_code', param: null });
      expect(headers['x-should-retry']).toBe(
        String(['throttled', 'upstream', 'unavailable', 'timeout'].includes(kind)),
      );
      expect('retry-after' in headers).toBe(status === 429 || status === 503);
    },
  );

  it("says nothing of a bug's cause", () => {
    const {
      status,
      body,
      fault: found,
    } = errorAnswer(new Error('SELECT * FROM secret at /home/x.ts'));
    expect([status, found]).toEqual([500, undefined]);
    expect(JSON.stringify(body)).not.toMatch(/SELECT|home/);
  });

  it('keeps the names that clients know', () => {
    expect(errorAnswer(fault('unauthenticated', 'API_TOKEN_INVALID')).body.error.code).toBe(
      'invalid_api_key',
    );
    expect(errorAnswer(fault('missing', 'MODEL_NOT_FOUND')).body.error.code).toBe(
      'model_not_found',
    );
    expect(errorAnswer(fault('exhausted', 'INSUFFICIENT_BALANCE')).body.error.code).toBe(
      'insufficient_balance',
    );
  });

  it('asks for patience as long as the fault does', () => {
    expect(
      errorAnswer(fault('throttled', 'X', { retryAfterMs: 2100 })).headers['retry-after'],
    ).toBe('3');
  });
});
