import { Fault, type FaultKind, httpStatusByKind } from '@aisbf/faults';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { mayHaveHeld } from './lost-admission.js';

const fault = (kind: FaultKind, code: string, details: Fault['details'] = {}) =>
  new Fault({ kind, code, message: 'no', details });

describe(mayHaveHeld, () => {
  it.each([
    ['an answer that did not come', fault('unavailable', 'PEER_UNREACHABLE', { wasSent: true })],
    ['an answer that made no sense', fault('unavailable', 'PEER_ANSWER_INVALID')],
    ['a ledger that broke off', fault('unavailable', 'LEDGER_UNAVAILABLE')],
    ['a bug of another service', fault('unavailable', 'INTERNAL_ERROR')],
    ['a bug of our own', new Error('oops')],
  ])('suspects %s', (_name, thrown) => {
    expect(mayHaveHeld(thrown)).toBe(true);
  });

  it.each(['CATALOGUE_NOT_LOADED', 'CATALOGUE_UNREACHABLE', 'LIMITS_UNAVAILABLE', 'NO_CANDIDATE'])(
    'knows that %s comes before the money',
    (code) => {
      expect(mayHaveHeld(fault('unavailable', code))).toBe(false);
    },
  );

  it('knows that a call which never left held nothing', () => {
    expect(mayHaveHeld(fault('unavailable', 'PEER_UNREACHABLE', { wasSent: false }))).toBe(false);
  });

  it('takes every refusal for one, whatever its code', () => {
    const refusals = (Object.keys(httpStatusByKind) as FaultKind[]).filter(
      (kind) => kind !== 'unavailable' && kind !== 'timeout',
    );
    fc.assert(
      fc.property(fc.constantFrom(...refusals), fc.string(), (kind, code) => {
        expect(mayHaveHeld(fault(kind, code))).toBe(false);
      }),
    );
  });
});
