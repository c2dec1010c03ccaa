import assert from 'node:assert';
import type { EndpointName, PresentModel, RequestFacts, SessionPresence } from '@aisbf/contracts';
import type { Opening } from '../src/domain/provider-policy.js';
import type { PlanCase } from './plan-case.js';
import { isAbovePrices, startCost } from './plan-oracle-money.js';
import type { OracleOffer } from './plan-oracle-offers.js';
import { nowMs } from './random-schedule.js';

/** One endpoint or one worker's session that can serve an offer. */
export type OracleUpstream = Readonly<{
  offer: OracleOffer;
  modelThere: string;
  endpoint: EndpointName;
  session: SessionPresence | undefined;
  healthName: string;
}>;

/** Who can serve an offer, in no order, and for what reasons the others cannot. */
export type Fit = Readonly<{ upstreams: readonly OracleUpstream[]; reasons: readonly string[] }>;

type Rule = readonly [reason: string, isBroken: boolean];

export function fitOf(one: PlanCase, offer: OracleOffer): Fit {
  const against = first(offerRules(one, offer));
  if (against !== undefined) return { upstreams: [], reasons: [against] };
  return offer.provider.source.kind === 'openai' ? hostedFit(one, offer) : workersFit(one, offer);
}

function hostedFit({ facts }: PlanCase, offer: OracleOffer): Fit {
  const { id, source } = offer.provider;
  assert(source.kind === 'openai');
  const modelThere = source.models.get(offer.model);
  if (modelThere === undefined) return { upstreams: [], reasons: ['not_offered'] };
  const isStudio = facts.endpoint === 'studio';
  const endpoint = isStudio ? undefined : askedBy(facts, source.endpoints ?? undefined);
  if (!endpoint) return { upstreams: [], reasons: ['endpoint_unsupported'] };
  if (source.headers === null) return { upstreams: [], reasons: ['credential_unreadable'] };
  const healthName = `${id}\n\n${modelThere}\n${endpoint}`;
  return {
    upstreams: [{ offer, modelThere, endpoint, session: undefined, healthName }],
    reasons: [],
  };
}

function workersFit(one: PlanCase, offer: OracleOffer): Fit {
  const { provider, model } = offer;
  const upstreams: OracleUpstream[] = [];
  const reasons = new Set<string>();
  const sessions = one.sessions.filter(({ providerId }) => providerId === provider.id);
  if (sessions.length === 0) reasons.add('no_live_session');
  for (const session of sessions) {
    const why = isPathForbidden(one, offer, session)
      ? 'endpoint_not_allowed'
      : whyNot(one, session, model);
    const endpoint = doorOf(one, session);
    const healthName = `${provider.id}\n${session.sessionId}\n${model}\n${endpoint}`;
    if (why !== undefined || !endpoint) reasons.add(why ?? '');
    else upstreams.push({ offer, modelThere: model, endpoint, session, healthName });
  }
  return { upstreams, reasons: [...reasons] };
}

/** Why one worker's session cannot serve this. */
export function whyNot(
  asked: Pick<PlanCase, 'facts' | 'settings'>,
  session: SessionPresence,
  model: string,
): string | undefined {
  return first(sessionRules(asked, session, model));
}

function first(rules: readonly Rule[]): string | undefined {
  return rules.find(([, isBroken]) => isBroken)?.[0];
}

/** In the order in which they are told: of several only the first is. */
function offerRules(one: PlanCase, offer: OracleOffer): readonly Rule[] {
  const { facts, barred } = one;
  const { provider, isOwn } = offer;
  const { data, policy, source } = provider;
  const wishes = facts.preferences ?? {};
  const barring = barred.get(provider.id);
  const isNamed = (names: readonly string[]) =>
    names.some((name) =>
      [provider.name, provider.username, `${provider.username}/${provider.name}`].includes(name),
    );
  const isOnlyOrdered = wishes.allowsFallbacks === false && wishes.order !== undefined;
  return [
    ['ignored', wishes.ignore !== undefined && isNamed(wishes.ignore)],
    [
      'not_wanted',
      (wishes.only !== undefined && !isNamed(wishes.only)) ||
        (isOnlyOrdered && !isNamed(wishes.order ?? [])),
    ],
    ['data_collected', !isOwn && wishes.deniesCollection === true && data.isCollected !== false],
    ['data_retained', !isOwn && wishes.isZeroRetention === true && data.isRetained !== false],
    [
      'region_differs',
      wishes.regions !== undefined && !wishes.regions.some((region) => region === data.region),
    ],
    [
      'quantization_differs',
      source.kind === 'openai' && !isQuantizedAsWished(undefined, wishes.quantizations),
    ],
    ['price_above_import_max', isAboveImport(offer)],
    ['price_above_max', isTooDearFor(one, offer)],
    ['disabled', !provider.isEnabled],
    ['paused_for_usage', offer.isPaused],
    [
      'endpoint_not_allowed',
      // Of paths of their own workers are asked one by one.
      !isOwn &&
        facts.endpoint !== 'studio' &&
        policy?.endpoints != null &&
        !policy.endpoints.includes(facts.endpoint),
    ],
    ['closed_now', !isOwn && policy?.hours != null && !policy.hours.some(isOpen)],
    [barring ?? '', barring !== undefined],
  ];
}

function isAboveImport({ prices, through }: OracleOffer): boolean {
  if (!through) return false;
  const most = Object.entries(through.pricesMax).map(([kind, price]) => [kind, String(price)]);
  return isAbovePrices(prices, Object.fromEntries(most));
}

function isTooDearFor({ facts }: PlanCase, { prices }: OracleOffer): boolean {
  const { pricesMax, costMax } = facts;
  if (pricesMax && isAbovePrices(prices, pricesMax)) return true;
  return costMax !== undefined && startCost(prices, facts) > BigInt(costMax);
}

function sessionRules(
  { facts, settings }: Pick<PlanCase, 'facts' | 'settings'>,
  session: SessionPresence,
  name: string,
): readonly Rule[] {
  const model = session.models.find((each) => each.name === name);
  if (!model) return [['not_offered', true]];
  const { preferences: wishes = {}, promptTokens } = facts;
  const { state, inFlight, inFlightMax, queued } = session;
  const context = model.contextTokensMax ?? Number.POSITIVE_INFINITY;
  return [
    ['endpoint_unsupported', doorOf({ facts }, session) === undefined],
    ['output_unsupported', !givesAnswers(model, facts.endpoint)],
    ['input_unsupported', !takesInputs(model, facts.inputs ?? [])],
    ['tools_unsupported', facts.hasTools === true && model.hasTools === false],
    ['context_too_small', isRead(facts.endpoint) && promptTokens > context],
    ['quantization_differs', !isQuantizedAsWished(model.quantization, wishes.quantizations)],
    ['parameters_unsupported', !heeds(model, wishes.parameters ?? [])],
    ['frame_too_large', facts.bodyBytes > session.frameBytesMax - settings.frameOverheadBytes],
    [state, state !== 'serving'],
    ['at_capacity', inFlightMax - inFlight <= 0 && settings.sessionQueuedMax - queued <= 0],
  ];
}

const paths: Readonly<Partial<Record<EndpointName, string>>> = {
  'chat.completions': '/v1/chat/completions',
  responses: '/v1/responses',
  completions: '/v1/completions',
  embeddings: '/v1/embeddings',
  'images.generations': '/v1/images/generations',
};

function doorOf({ facts }: Pick<PlanCase, 'facts'>, { endpoints }: SessionPresence) {
  if (facts.endpoint !== 'studio') return askedBy(facts, endpoints && doorsAt(endpoints));
  return pathOf(facts, endpoints) === undefined ? undefined : facts.endpoint;
}

/** What a worker calls the path: as it is, or by the first of its names that has a blank where the path has something. */
function pathOf({ studioPath = '' }: RequestFacts, endpoints: readonly string[] = []) {
  const isSo = (name: string) =>
    new RegExp(`^${name.replaceAll(/\{[^}]*\}/g, '[^/]+')}$`).test(studioPath);
  return endpoints.find((name) => name === studioPath) ?? endpoints.find(isSo);
}

/** The owner has not allowed others what its worker calls so, nor all of `studio`. */
function isPathForbidden(
  { facts }: PlanCase,
  { isOwn, provider, model }: OracleOffer,
  { endpoints, models }: SessionPresence,
): boolean {
  const path = facts.endpoint === 'studio' ? pathOf(facts, endpoints) : undefined;
  const allowed = provider.policy?.endpoints;
  if (isOwn || !path || !allowed || models.every(({ name }) => name !== model)) return false;
  const name = path
    .replace('/v1/', '')
    .replaceAll(/\/\{[^}]*\}/g, '')
    .replaceAll('/', '.');
  return !allowed.includes('studio') && !allowed.includes(name);
}

function doorsAt(told: readonly string[]): ReadonlySet<EndpointName> {
  const names = Object.keys(paths) as EndpointName[];
  return new Set(names.filter((name) => told.includes(paths[name] ?? '')));
}

/**
 * Responses and completions can be said as chat to whoever does not take them, but for some. Who says nothing is asked: by
 * chat for responses.
 */
function askedBy(
  { endpoint: wanted, isAsItCame = false }: RequestFacts,
  doors: ReadonlySet<EndpointName> | undefined,
): EndpointName | undefined {
  const isSaidInStead = !isAsItCame && ['responses', 'completions'].includes(wanted);
  const inStead = isSaidInStead ? 'chat.completions' : wanted;
  if (!doors) return wanted === 'completions' ? wanted : inStead;
  if (doors.has(wanted)) return wanted;
  return doors.has(inStead) ? inStead : undefined;
}

function givesAnswers({ outputs }: PresentModel, endpoint: EndpointName): boolean {
  if (endpoint === 'studio') return true;
  const wanted = { embeddings: 'embedding', 'images.generations': 'image' };
  const output = endpoint in wanted ? wanted[endpoint as keyof typeof wanted] : 'text';
  return outputs === undefined || outputs.includes(output);
}

/** Whoever draws, and whoever is asked for a path of its own, has no context that a prompt must fit into. */
function isRead(endpoint: EndpointName): boolean {
  return !['images.generations', 'studio'].includes(endpoint);
}

/** What a worker does not say is no reason to leave it out. */
function takesInputs({ inputs }: PresentModel, asked: readonly string[]): boolean {
  return inputs === undefined || asked.filter((input) => !inputs.includes(input)).length === 0;
}

function heeds({ parameters }: PresentModel, asked: readonly string[]): boolean {
  return parameters === undefined || asked.every((name) => parameters.includes(name));
}

/** Who does not tell is `unknown`. */
function isQuantizedAsWished(
  told: string | undefined,
  wished: readonly string[] | undefined,
): boolean {
  if (wished === undefined) return true;
  return wished.map((name) => name.toLowerCase()).includes((told ?? 'unknown').toLowerCase());
}

/** Walks the week from its Monday: the minute of now, or the same a week later, lies in the span. */
function isOpen({ fromMinute, toMinute }: Opening): boolean {
  const aMonday = Date.UTC(1969, 11, 29);
  const minute = Math.floor((nowMs - aMonday) / 60_000) % 10_080;
  return [minute, minute + 10_080].some((each) => each >= fromMinute && each < toMinute);
}
