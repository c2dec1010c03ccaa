import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BatchId } from './batch-api.js';
import { batchIdBeginning, batchRequestId } from './batch-id.js';
import { RequestId } from './field.js';

const hex = (length: number) =>
  fc
    .array(fc.constantFrom(...'0123456789abcdef'), { minLength: length, maxLength: length })
    .map((digits) => digits.join(''));

describe(batchRequestId, () => {
  it('is the id of a request, and tells how that of its batch begins', () => {
    fc.assert(
      fc.property(hex(32), hex(12), (id, unique) => {
        const batchId = BatchId.parse(`batch_${id}`);
        const requestId = batchRequestId(batchId, unique);
        expect(RequestId.parse(requestId)).toMatch(new RegExp(`${unique}$`));
        expect(batchIdBeginning(requestId)).toHaveLength(26);
        expect(batchId.startsWith(batchIdBeginning(requestId))).toBe(true);
      }),
    );
  });
});
