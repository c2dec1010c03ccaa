import { type ProviderPolicy as PolicyMessage, WeeklyHours } from '@aisbf/contracts';
import { asInstalled, type Opening, type ProviderPolicy } from './provider-policy.js';

type Guest = Readonly<{ ownerId: string; username: string }>;

const days = WeeklyHours.shape.day.options;
const dayMinutes = 1_440;

/** A policy as its owner writes it, with the owners behind its usernames. */
export function fromPolicyMessage(
  message: PolicyMessage,
  guests: readonly Guest[],
): ProviderPolicy {
  const { audience, endpoints, buyerRates, rates, probes } = message;
  return {
    audience,
    guests: new Map(guests.map(({ ownerId, username }) => [ownerId, username])),
    hours: message.hours?.map(fromWeeklyHours) ?? null,
    endpoints,
    buyerRates,
    rates,
    probes,
  };
}

export function toPolicyMessage(policy: ProviderPolicy): PolicyMessage {
  const { audience, guests, hours, endpoints, buyerRates, rates, probes = asInstalled } = policy;
  return {
    audience,
    usernames: [...guests.values()],
    hours: hours?.map(toWeeklyHours) ?? null,
    endpoints: endpoints && [...endpoints],
    buyerRates,
    rates,
    probes,
  };
}

export function fromWeeklyHours({ day, from, to }: WeeklyHours): Opening {
  const midnight = days.indexOf(day) * dayMinutes;
  const [fromMinute, toMinute] = [midnight + minuteOf(from), midnight + minuteOf(to)];
  return { fromMinute, toMinute: toMinute > fromMinute ? toMinute : toMinute + dayMinutes };
}

export function toWeeklyHours({ fromMinute, toMinute }: Opening): WeeklyHours {
  const at = Math.floor(fromMinute / dayMinutes);
  const end = toMinute - at * dayMinutes;
  return {
    day: days[at] ?? 'monday',
    from: timeOf(fromMinute % dayMinutes),
    to: timeOf(end > dayMinutes ? end - dayMinutes : end),
  };
}

function minuteOf(time: string): number {
  const [hours, minutes] = time.split(':').map(Number);
  return (hours ?? 0) * 60 + (minutes ?? 0);
}

function timeOf(minute: number): string {
  const padded = (part: number) => String(part).padStart(2, '0');
  return `${padded(Math.floor(minute / 60))}:${padded(minute % 60)}`;
}
