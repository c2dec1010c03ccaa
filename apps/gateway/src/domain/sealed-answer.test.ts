import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { openAnswer, sealAnswer } from './sealed-answer.js';

describe(openAnswer, () => {
  it('gives back the answer to the token that it was given to, and for its request only', () => {
    const answer = fc.record({
      status: fc.integer({ min: 200, max: 299 }),
      contentType: fc.string(),
      provider: fc.string(),
      attempts: fc.nat(),
      body: fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    });
    const run = fc.property(answer, (one) => {
      const sealed = sealAnswer(one, 'req_1', 'aisbf_token');
      expect(openAnswer(sealed, 'req_1', 'aisbf_token')).toEqual(one);
      expect(openAnswer(sealed, 'req_2', 'aisbf_token')).toBeUndefined();
      expect(openAnswer(sealed, 'req_1', 'aisbf_other')).toBeUndefined();
    });
    fc.assert(run);
  });
});
