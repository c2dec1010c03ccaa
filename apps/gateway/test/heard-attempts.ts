import { AttemptEnded, AttemptsEnded, subjects } from '@aisbf/contracts';
import { createLog, NatsBus } from '@aisbf/platform';
import { natsUrl } from '@aisbf/testkit';

export type HeardAttempts = Readonly<{ bus: NatsBus; ended: AttemptEnded[] }>;

/** Hears what gateways tell of attempts, one by one or together, from now on. */
export async function hearAttempts(): Promise<HeardAttempts> {
  const log = createLog('test', 'silent');
  const bus = await NatsBus.connect({ url: await natsUrl(), name: 'test', log });
  const ended: AttemptEnded[] = [];
  bus.subscribe(subjects.attemptEnded, AttemptEnded, (one) => ended.push(one));
  bus.subscribe(subjects.attemptsEnded, AttemptsEnded, ({ ends }) => ended.push(...ends));
  await bus.flush();
  return { bus, ended };
}
