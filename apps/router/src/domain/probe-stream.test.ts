import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ProbeStream } from './probe-stream.js';

const chunk = (choice: object) => `data: ${JSON.stringify({ choices: [choice] })}\n\n`;
const word = chunk({ index: 0, delta: { content: 'OK' }, finish_reason: null });
const role = chunk({ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null });
const finish = (reason: string) => chunk({ index: 0, delta: {}, finish_reason: reason });
const done = 'data: [DONE]\n\n';

function read(text: string, cuts: readonly number[] = []) {
  const bytes = new TextEncoder().encode(text);
  const stream = new ProbeStream();
  const places = [...new Set([...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort(
    (left, right) => left - right,
  );
  let from = 0;
  for (const to of places) {
    const verdict = stream.push(bytes.subarray(from, to));
    if (verdict) return verdict;
    from = to;
  }
  return stream.end();
}

const cases = [
  [`${role}${word}${finish('length')}${done}`, 'well', null],
  [`${word}${done}`, 'well', null],
  [`${word}${finish('stop')}`, 'well', null],
  // A token that nobody sees, cut off by the limit.
  [`${role}${finish('length')}${done}`, 'well', null],
  [`: a comment\n\n${word}${done}`, 'well', null],
  [`${role}${done}`, 'failed', 'empty'],
  ['', 'failed', 'empty'],
  [`${word}${role}`, 'failed', 'cut'],
  [`${role}${finish('error')}${done}`, 'failed', 'empty'],
  [`${word}data: {"error":{"message":"no"}}\n\n`, 'failed', 'error_in_answer'],
  ['data: nonsense\n\n', 'failed', 'garbage'],
  [`data: ${'x'.repeat(70_000)}`, 'failed', 'garbage'],
] as const;

describe(ProbeStream, () => {
  it.each(cases)('takes %j for %s: %s', (text, outcome, reason) => {
    expect(read(text)).toEqual({ outcome, reason });
  });

  it('comes to the same wherever the stream is cut into pieces', () => {
    fc.assert(
      fc.property(fc.constantFrom(...cases), fc.array(fc.nat(2_000)), ([text, outcome], cuts) => {
        expect(read(text, cuts).outcome).toBe(outcome);
      }),
    );
  });
});
