import { nanos } from '@aisbf/money';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Allowance } from './allowance.js';

const open = (change: { issuedMax?: bigint; slots?: number } = {}) =>
  new Allowance(
    {
      leaseId: 'lease_1',
      issuedMax: nanos(change.issuedMax ?? 100n),
      slots: change.slots ?? 10,
      issueUntilMs: 1_000,
    },
    0,
  );

type Step = Readonly<{ kind: 'take' | 'end' | 'raise'; id: number; amount: number }>;

/** Does one step, and gives what was issued by it. */
function issuedBy(allowance: Allowance, running: Map<string, number>, step: Step): number {
  const [name, amount] = [String(step.id), nanos(BigInt(step.amount))];
  if (step.kind === 'raise') allowance.raise(amount, 0);
  if (step.kind === 'end') allowance.end(name);
  if (step.kind === 'end') running.delete(name);
  if (step.kind !== 'take' || !allowance.take(name, amount, 1)) return 0;
  // A repeat has what it had, and never more than that.
  if (running.has(name)) expect(step.amount).toBe(running.get(name));
  const isRepeat = running.has(name);
  running.set(name, step.amount);
  return isRepeat ? 0 : step.amount;
}

describe(Allowance, () => {
  it('gives a request its money once, however often it asks', () => {
    const allowance = open();
    expect(allowance.take('a', nanos(60n), 1)).toBe(true);
    expect(allowance.take('a', nanos(60n), 2)).toBe(true);
    expect(allowance).toMatchObject({ issued: 60n, issuedCount: 1, left: 40n });
    expect(allowance.take('a', nanos(61n), 2)).toBe(false);
    expect(allowance.take('b', nanos(41n), 3)).toBe(false);
    allowance.raise(nanos(101n), 0);
    expect(allowance.take('b', nanos(41n), 3)).toBe(true);
  });

  it('gives what a withdrawn request had to another', () => {
    const allowance = open({ slots: 1 });
    allowance.take('a', nanos(60n), 1);
    allowance.withdraw('a');
    allowance.withdraw('a');
    allowance.withdraw('never heard of');
    expect(allowance).toMatchObject({ issued: 0n, issuedCount: 0, left: 100n });
    expect(allowance.take('b', nanos(100n), 1)).toBe(true);
  });

  it('gives nothing when its time is over, or when it was closed', () => {
    const allowance = open();
    expect(allowance.take('a', nanos(1n), 1_000)).toBe(false);
    allowance.close();
    expect(allowance.take('a', nanos(1n), 1)).toBe(false);
  });

  it('frees a place by either word of an end', () => {
    const allowance = open({ slots: 1 });
    allowance.take('a', nanos(1n), 1);
    expect(allowance.take('b', nanos(1n), 1)).toBe(false);
    allowance.end('a');
    expect(allowance.take('b', nanos(1n), 1)).toBe(true);
    expect(allowance.take('c', nanos(1n), 1)).toBe(false);
    allowance.raise(nanos(0n), 2);
    expect(allowance.take('c', nanos(1n), 1)).toBe(true);
  });

  it('never issues more than it was granted, nor to more at once, whatever happens in whatever order', () => {
    const step: fc.Arbitrary<Step> = fc.oneof(
      fc.record({ kind: fc.constant('take' as const), id: fc.nat(9), amount: fc.nat(30) }),
      fc.record({ kind: fc.constant('end' as const), id: fc.nat(9), amount: fc.constant(0) }),
      fc.record({ kind: fc.constant('raise' as const), id: fc.constant(0), amount: fc.nat(300) }),
    );
    const run = fc.property(fc.array(step), fc.integer({ min: 1, max: 4 }), (steps, slots) => {
      const allowance = open({ slots });
      const raised = steps.filter(({ kind }) => kind === 'raise').map(({ amount }) => amount);
      const running = new Map<string, number>();
      let issued = 0;
      for (const each of steps) {
        issued += issuedBy(allowance, running, each);
        expect(running.size).toBeLessThanOrEqual(slots);
      }
      expect(allowance.issued).toBe(BigInt(issued));
      expect(issued).toBeLessThanOrEqual(Math.max(100, ...raised));
    });
    fc.assert(run);
  });
});
