import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Settle } from './ledger.js';
import { fromLineReportBytes, toLineReportBytes } from './line-report.js';

const settlement: Settle = {
  ...{ type: 'settle', requestId: `req_${'0'.repeat(32)}`, holdEpoch: 1, ticket: null },
  ...{ outcome: 'completed', servedPosition: 0, units: { completion_token: 7 }, reported: null },
  ...{ finishReason: 'stöp', attempts: [], startedAtMs: 1, firstByteAtMs: 2, endedAtMs: 3 },
};

const sealed = fc.uint8Array({ minLength: 1, maxLength: 2_000 });

describe(toLineReportBytes, () => {
  it('is read as what it was, wherever it lies in memory', () => {
    const settled = fc.constantFrom(settlement, null);
    fc.assert(
      fc.property(settled, sealed, fc.nat(9), (told, outcome, before) => {
        const report = { settlement: told, sealed: outcome };
        const bytes = Buffer.concat([Buffer.alloc(before), toLineReportBytes(report)]);
        expect(fromLineReportBytes(bytes.subarray(before))).toEqual({
          settlement: told,
          sealed: bytes.subarray(bytes.length - outcome.length),
        });
      }),
    );
  });
});

describe(fromLineReportBytes, () => {
  it('reads nothing from what was cut off, whatever is missing', () => {
    const whole = toLineReportBytes({ settlement, sealed: new Uint8Array([1]) });
    for (let length = 0; length < whole.length; length += 1) {
      expect(fromLineReportBytes(whole.subarray(0, length))).toBeUndefined();
    }
  });

  it('reads nothing, and breaks at nothing, that is something else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const read = fromLineReportBytes(bytes);
        expect(read?.settlement ?? null).toBeNull();
      }),
    );
    const stranger = toLineReportBytes({
      settlement: { ...settlement, holdEpoch: 0 },
      sealed: new Uint8Array([1]),
    });
    expect(fromLineReportBytes(stranger)).toBeUndefined();
  });
});
