import type { AutoselectDefinition, CeilingName, Selection, Source } from '@aisbf/contracts';
import { type PlanCase, paceName } from './plan-case.js';
import type { OracleUpstream } from './plan-oracle-fit.js';
import { costAtMost, isAbovePrices, outputHeld } from './plan-oracle-money.js';
import { keepsSecrets, type OracleOffer } from './plan-oracle-offers.js';
import { nowMs } from './random-schedule.js';

/** All that decides for or against one that could serve. */
export type Known = Readonly<{
  label: string;
  offer: OracleOffer;
  source: Source;
  cost: bigint;
  firstMs: number | undefined;
  speed: number | undefined;
  room: number | undefined;
  success: number;
  context: number | undefined;
  isDeclared: boolean;
  tier: number;
}>;

type Weights = Selection['weights'];

export function knownOf(
  one: PlanCase,
  offer: OracleOffer,
  upstreams: readonly OracleUpstream[],
  qualities: AutoselectDefinition['qualities'],
): Known {
  const { facts, settings, usualOutput } = one;
  const { provider, model, isOwn, through } = offer;
  // Of workers that are asked by different endpoints the first one's counts.
  const pace = one.pace.get(paceName(provider.id, upstreams[0]?.endpoint));
  const sessions = upstreams.flatMap(({ session }) => session ?? []);
  const measured = sessions.flatMap((session) => session.measured ?? []);
  const isHosted = provider.source.kind === 'openai';
  const others = isHosted ? 'hosted' : 'workers';
  return {
    label: through
      ? `${through.username}/import/${through.name}`
      : `${provider.username}/${provider.name}/${model}`,
    offer,
    source: isOwn ? 'own' : others,
    cost: costAtMost(offer.prices, facts, outputHeld(facts, settings, usualOutput)),
    // Who has several machines is known by the slowest of them, where nobody has measured them all.
    firstMs: pace?.firstMs?.p50 ?? most(measured.map(({ firstMs }) => firstMs)),
    speed: pace?.tokensPerS?.p50 ?? most(measured.map(({ chunksPerSecond }) => chunksPerSecond)),
    room: isHosted ? undefined : Math.max(...sessions.map(shareFree)),
    success: isCooling(one, upstreams) ? 0 : servedShare(measured),
    context: contextOf(sessions, model),
    isDeclared: !isHosted && sessions.every((session) => declares(one, session, model)),
    tier: qualities.find((each) => fits(model, each.model))?.tier ?? 0,
  };
}

type Session = NonNullable<OracleUpstream['session']>;

function most(figures: readonly (number | null)[]): number | undefined {
  const known = figures.filter((figure) => figure !== null);
  return known.length === 0 ? undefined : Math.max(...known);
}

function shareFree({ inFlight, inFlightMax, queued }: Session): number {
  const free = (inFlightMax - inFlight - queued) / inFlightMax;
  return free < 0 ? 0 : free;
}

function servedShare(measured: readonly NonNullable<Session['measured']>[]): number {
  const requests = measured.reduce((sum, each) => sum + each.requests, 0);
  const served = measured.reduce((sum, each) => sum + each.successRate * each.requests, 0);
  return requests === 0 ? 1 : Math.min(1, served / requests);
}

function isCooling({ health }: PlanCase, upstreams: readonly OracleUpstream[]): boolean {
  return upstreams.every(({ healthName }) => (health.get(healthName)?.untilMs ?? 0) > nowMs);
}

/** What holds whichever of its workers serves; nothing where one does not say. */
function contextOf(sessions: readonly Session[], model: string): number | undefined {
  const told = sessions.map((session) => modelIn(session, model)?.contextTokensMax ?? null);
  if (told.length === 0 || told.includes(null)) return undefined;
  return Math.min(...told.map(Number));
}

function declares({ facts }: PlanCase, session: Session, model: string): boolean {
  const told = modelIn(session, model);
  if (!told || told.contextTokensMax === null) return false;
  if (facts.hasTools && told.hasTools !== true) return false;
  return (facts.inputs ?? []).every((input) => told.inputs?.includes(input) === true);
}

function modelIn(session: Session, name: string) {
  return session.models.find((each) => each.name === name);
}

function fits(model: string, pattern: string): boolean {
  const [start, isOpen] = pattern.endsWith('*') ? [pattern.slice(0, -1), true] : [pattern, false];
  return isOpen ? model.startsWith(start) : model === start;
}

/** What is not known breaks a ceiling that asks for it. */
export function brokenBy(
  known: Known,
  ceilings: Selection['ceilings'],
  isPrivate: boolean,
): CeilingName[] {
  const { offer, firstMs, context } = known;
  const { pricesMax, expectedCostMax, firstMsMax, contextTokensMin, regions, sources } = ceilings;
  const { region } = offer.provider.data;
  const broken: readonly (readonly [CeilingName, boolean])[] = [
    ['not_private', isPrivate && !keepsSecrets(offer)],
    ['price', pricesMax !== undefined && isAbovePrices(offer.prices, pricesMax)],
    ['cost', expectedCostMax !== undefined && known.cost > BigInt(expectedCostMax)],
    ['first_token', firstMsMax !== undefined && !(firstMs !== undefined && firstMs <= firstMsMax)],
    [
      'context',
      contextTokensMin !== undefined && !(context !== undefined && context >= contextTokensMin),
    ],
    ['capability', ceilings.isDeclared === true && !known.isDeclared],
    ['region', regions !== undefined && !(region !== null && regions.includes(region))],
    ['source', sources !== undefined && !sources.includes(known.source)],
  ];
  return broken.filter(([, isBroken]) => isBroken).map(([name]) => name);
}

/** Between 0 and 1, to a millionth. */
export function scoresOf(all: readonly Known[], weights: Weights): readonly number[] {
  const paid = all.map(({ cost }) => Number(cost)).filter((cost) => cost > 0);
  const cheapest = Math.min(...paid);
  const besideFree = paid.length < all.length ? 0.5 : 1;
  const fastest = Math.max(...all.flatMap(({ speed }) => speed ?? []), 0);
  const soonest = Math.min(...all.flatMap(({ firstMs }) => firstMs ?? []));
  return all.map(({ cost, speed, firstMs, room, success, tier }) => {
    const parts: readonly (readonly [number, number])[] = [
      [weights.price, cost === 0n ? 1 : (cheapest / Number(cost)) * besideFree],
      [weights.speed, speed === undefined ? 0.5 : fastest === 0 ? 1 : speed / fastest],
      [weights.firstToken, firstMs === undefined ? 0.5 : firstMs === 0 ? 1 : soonest / firstMs],
      [weights.load, room ?? 0.5],
      [weights.success, success],
      [weights.quality, tier / 100],
    ];
    const sum = parts.reduce((all, [weight, part]) => all + weight * part, 0);
    const total = parts.reduce((all, [weight]) => all + weight, 0);
    return total === 0 ? 0 : Math.round((sum / total) * 1e6) / 1e6;
  });
}
