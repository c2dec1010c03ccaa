import { type AttemptEnded, AttemptsEnded, attemptsEndedMax, subjects } from '@aisbf/contracts';
import { until } from '@aisbf/testkit';
import { describe, expect, it } from '@jest/globals';
import { NatsHealthFacts } from './nats-health-facts.js';

const provider = '11111111-1111-4111-8111-111111111111';
const hourMs = 3_600_000;

function ended(firstByteMs: number, isSuccess = true): AttemptEnded {
  return {
    ...{ type: 'attempt-ended', providerId: provider, model: 'm', sessionId: null, isSuccess },
    ...{ endpoint: 'chat.completions', reason: null, retryAfterMs: null, firstByteMs, atMs: 1 },
  };
}

function factsTold(apartMs: number) {
  const told: { subject: string; message: unknown }[] = [];
  const publish = (subject: string, message: unknown) => void told.push({ subject, message });
  return { told, facts: new NatsHealthFacts({ publish }, apartMs) };
}

describe(NatsHealthFacts, () => {
  it('tells of attempts that went well together, in their order, as readers know it', async () => {
    const { told, facts } = factsTold(20);
    for (const one of [1, 2, 3]) facts.attemptEnded(ended(one));
    expect(told).toEqual([]);
    await until(() => told.length > 0);
    const message = { type: 'attempts-ended', ends: [1, 2, 3].map((one) => ended(one)) };
    expect(told).toEqual([{ subject: subjects.attemptsEnded, message }]);
    expect(AttemptsEnded.safeParse(message).success).toBe(true);
  });

  it('tells of a failure at once, and before it of what waits', () => {
    const { told, facts } = factsTold(hourMs);
    facts.attemptEnded(ended(1, false));
    facts.attemptEnded(ended(2));
    facts.attemptEnded(ended(3, false));
    expect(told.map(({ subject }) => subject)).toEqual([
      subjects.attemptEnded,
      subjects.attemptsEnded,
    ]);
    expect(told[1]?.message).toMatchObject({ ends: [{ firstByteMs: 2 }, { firstByteMs: 3 }] });
  });

  it('lets no more wait than one message may hold, and nothing when it ends', () => {
    const { told, facts } = factsTold(hourMs);
    for (let one = 0; one <= attemptsEndedMax; one += 1) facts.attemptEnded(ended(one));
    expect(told).toHaveLength(1);
    facts.onApplicationShutdown();
    expect(told[1]).toEqual({ subject: subjects.attemptEnded, message: ended(attemptsEndedMax) });
  });

  it('tells of one that was outrun after those that ended before it', () => {
    const { told, facts } = factsTold(hourMs);
    facts.attemptEnded(ended(1));
    const outrun = { providerId: provider, model: 'm', sessionId: null, waitedMs: 5, atMs: 1 };
    facts.attemptOutrun({ type: 'attempt-outrun', endpoint: 'chat.completions', ...outrun });
    expect(told.map(({ subject }) => subject)).toEqual([
      subjects.attemptEnded,
      subjects.attemptOutrun,
    ]);
  });
});
