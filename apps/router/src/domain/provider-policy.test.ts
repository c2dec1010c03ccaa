import { ProviderPolicy as PolicyMessage, WeeklyHours } from '@aisbf/contracts';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { workerProvider } from '../../test/worker-provider.js';
import { fromPolicyMessage, fromWeeklyHours, toPolicyMessage } from './policy-message.js';
import { admits, hasRates, isOpenAt, openPolicy, policyRejection } from './provider-policy.js';

const days = WeeklyHours.shape.day.options;
const minuteMs = 60_000;
const clockTime = (minute: number) =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
const hours = fc
  .record({
    day: fc.constantFrom(...days),
    from: fc.integer({ min: 0, max: 1_439 }),
    to: fc.integer({ min: 1, max: 1_440 }),
  })
  .filter(({ from, to }) => from !== to)
  .map(({ day, from, to }) => ({ day, from: clockTime(from), to: clockTime(to) }));
const moment = fc.integer({ min: 0, max: 4_000_000_000_000 });

/** By the calendar: the day's own span, or that of the day before that lasts into it. */
function isOpenByCalendar(
  { day, from, to }: Readonly<{ day: string; from: string; to: string }>,
  nowMs: number,
): boolean {
  const dayOf = (ms: number) => days[(new Date(ms).getUTCDay() + 6) % 7];
  const time = new Date(nowMs).toISOString().slice(11, 16);
  if (from < to) return dayOf(nowMs) === day && from <= time && time < to;
  const isBegun = dayOf(nowMs) === day && time >= from;
  return isBegun || (dayOf(nowMs - 24 * 60 * minuteMs) === day && time < to);
}

describe(isOpenAt, () => {
  it('is as the calendar has it, at any time of any week', () => {
    fc.assert(
      fc.property(fc.array(hours, { minLength: 1, maxLength: 4 }), moment, (spans, nowMs) => {
        const isOpen = spans.some((span) => isOpenByCalendar(span, nowMs));
        expect(isOpenAt(spans.map(fromWeeklyHours), nowMs)).toBe(isOpen);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is always, where nothing is said', () => {
    expect(isOpenAt(null, Date.UTC(2026, 10, 26))).toBe(true);
  });

  it('lasts from a Sunday into the Monday', () => {
    const span = [fromWeeklyHours({ day: 'sunday', from: '22:00', to: '02:00' })];
    const at = (day: number, hour: number) => isOpenAt(span, Date.UTC(2026, 10, day, hour));
    expect([at(29, 21), at(29, 22), at(30, 1), at(30, 2)]).toEqual([false, true, true, false]);
  });
});

describe(fromPolicyMessage, () => {
  it('comes back as it was written', () => {
    const rates = fc.record({
      requestsPerMinuteMax: fc.option(fc.integer({ min: 1, max: 1_000_000 })),
      tokensPerMinuteMax: fc.option(fc.integer({ min: 1, max: 1_000_000_000 })),
    });
    const message = fc.record({
      audience: fc.constantFrom('market' as const, 'listed' as const, 'private' as const),
      usernames: fc.uniqueArray(fc.constantFrom('anna', 'bob', 'carl')),
      hours: fc.option(fc.array(hours, { minLength: 1, maxLength: 5 })),
      endpoints: fc.option(fc.constant(['chat.completions'])),
      buyerRates: rates,
      rates,
    });
    fc.assert(
      fc.property(message, (written) => {
        const parsed = PolicyMessage.parse(written);
        const guests = parsed.usernames.map((username) => ({
          username,
          ownerId: `id ${username}`,
        }));
        expect(toPolicyMessage(fromPolicyMessage(parsed, guests))).toEqual(parsed);
      }),
    );
  });

  it.each([
    [{ audience: 'friends' }],
    [{ hours: [] }],
    [{ hours: [{ day: 'monday', from: '08:00', to: '08:00' }] }],
    [{ hours: [{ day: 'monday', from: '24:00', to: '08:00' }] }],
    [{ hours: [{ day: 'monday', from: '20:00', to: '00:00' }] }],
    [{ hours: [{ day: 'mon', from: '08:00', to: '09:00' }] }],
    [{ hours: [{ day: 'monday', from: '8:00', to: '09:00' }] }],
    [{ endpoints: [] }],
    [{ endpoints: ['Chat Completions'] }],
    [{ rates: { requestsPerMinuteMax: 0 } }],
    [{ somethingElse: 1 }],
  ])('is not written as %j', (policy) => {
    expect(PolicyMessage.safeParse(policy).success).toBe(false);
  });
});

describe(admits, () => {
  const guests = new Map([['bob-id', 'bob']]);
  const withAudience = (audience: 'market' | 'listed' | 'private') => ({
    ownerId: 'anna-id',
    policy: { ...openPolicy, audience, guests },
  });

  it.each([
    ['market', 'carl-id', true],
    ['listed', 'bob-id', true],
    ['listed', 'carl-id', false],
    ['private', 'bob-id', false],
    ['private', 'anna-id', true],
    ['listed', 'anna-id', true],
  ] as const)('to a %s one %s: %p', (audience, buyer, isAdmitted) => {
    expect(admits(withAudience(audience), buyer)).toBe(isAdmitted);
  });

  it('everybody, where nothing is said', () => {
    expect(admits({ ownerId: 'anna-id' }, 'carl-id')).toBe(true);
  });
});

describe(policyRejection, () => {
  const nowMs = Date.UTC(2026, 10, 26, 12);
  const closed = [fromWeeklyHours({ day: 'friday', from: '00:00', to: '24:00' })];
  const offer = (policy: object, isOwn = false) => ({
    provider: { ...workerProvider([]), policy: { ...openPolicy, ...policy } },
    isOwn,
  });

  it('keeps others out of hours, and from what they may not call', () => {
    expect(policyRejection(offer({ hours: closed }), 'chat.completions', nowMs)).toBe('closed_now');
    const endpoints = ['embeddings'];
    expect(policyRejection(offer({ endpoints }), 'chat.completions', nowMs)).toBe(
      'endpoint_not_allowed',
    );
    // What is not known to be allowed is not.
    expect(policyRejection(offer({ endpoints }), undefined, nowMs)).toBe('endpoint_not_allowed');
    expect(policyRejection(offer({ endpoints }), 'embeddings', nowMs)).toBeUndefined();
  });

  it('does not bind the owner', () => {
    const policy = { hours: closed, endpoints: ['embeddings'] };
    expect(policyRejection(offer(policy, true), 'chat.completions', nowMs)).toBeUndefined();
  });
});

describe(hasRates, () => {
  it('is true where anything is counted', () => {
    expect(hasRates(openPolicy)).toBe(false);
    const some = { requestsPerMinuteMax: null, tokensPerMinuteMax: 5 };
    expect(hasRates({ ...openPolicy, buyerRates: some })).toBe(true);
    expect(hasRates({ ...openPolicy, rates: some })).toBe(true);
  });
});
