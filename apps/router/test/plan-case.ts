import type { EndpointName, RequestFacts, SessionPresence } from '@aisbf/contracts';
import { Fault } from '@aisbf/faults';
import { type Catalogue, type CatalogueRecords, indexCatalogue } from '../src/domain/catalogue.js';
import { type Cooldown, providerOf } from '../src/domain/health.js';
import type { Buyer } from '../src/domain/offer.js';
import type { Pace } from '../src/domain/pace.js';
import { consider, type PlanSettings } from '../src/domain/plan.js';
import type { RateRejection, Surroundings } from '../src/domain/upstream.js';
import type { RandomSource } from '../src/domain/weighted-order.js';
import { nowMs } from './random-schedule.js';

/** A market at one moment, who buys in it, and what is asked for: all that a plan depends on but the dice. */
export type PlanCase = Readonly<{
  catalogue: CatalogueRecords;
  sessions: readonly SessionPresence[];
  /** By the name of the upstream's health. */
  health: ReadonlyMap<string, Cooldown>;
  /** By the provider's id and the endpoint, as `paceName` joins them. */
  pace: ReadonlyMap<string, Pace>;
  barred: ReadonlyMap<string, RateRejection>;
  buyer: Buyer;
  facts: RequestFacts;
  usualOutput: number | undefined;
  settings: PlanSettings;
}>;

export function paceName(providerId: string, endpoint: EndpointName = 'chat.completions'): string {
  return `${providerId} ${endpoint}`;
}

export type Considered = ReturnType<typeof consider>;

/** What it is planned with: what was made of it for one plan serves the next. */
export type Planner = Readonly<{
  catalogue: Catalogue;
  sessionsOf: Surroundings['sessionsOf'];
  atMs: number;
}>;

export function plannerOf(one: PlanCase): Planner {
  const sessions = Map.groupBy(one.sessions, ({ providerId }) => providerId);
  return {
    catalogue: indexCatalogue(one.catalogue),
    sessionsOf: (providerId) =>
      (sessions.get(providerId) ?? []).map((session) => ({
        session,
        brokerId: 'broker',
        brokerUrl: 'http://broker:1',
      })),
    atMs: nowMs,
  };
}

/** What the router makes of it; a fault where nothing was looked at. */
export function considered(
  one: PlanCase,
  random: RandomSource,
  { catalogue, sessionsOf, atMs }: Planner = plannerOf(one),
): Considered | Fault {
  const { facts, buyer, settings, usualOutput } = one;
  const failed = new Set([...one.health.keys()].map(providerOf));
  try {
    return consider({
      facts,
      buyer,
      catalogue,
      around: {
        sessionsOf,
        cooldownOf: (key) => one.health.get(key),
        hasCooldowns: (providerId) => failed.has(providerId),
        paceOf: (providerId, _model, endpoint) => one.pace.get(paceName(providerId, endpoint)),
        barredOf: (providerId) => one.barred.get(providerId),
        nowMs: atMs,
      },
      random,
      usualOutputOf: () => usualOutput,
      settings,
    });
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
}
