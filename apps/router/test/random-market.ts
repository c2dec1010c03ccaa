import type { SessionPresence } from '@aisbf/contracts';
import fc from 'fast-check';
import {
  type CatalogueRecords,
  indexCatalogue,
  type Listing,
  type Provider,
  type UsageCheck,
} from '../src/domain/catalogue.js';
import { healthKey } from '../src/domain/health.js';
import type { PlanSettings } from '../src/domain/plan.js';
import { Presence } from '../src/domain/presence.js';
import type { Surroundings } from '../src/domain/upstream.js';
import { models, ownerIdOf, usernames } from './random-names.js';
import { rotationsOf } from './random-rotations.js';
import { nowMs, ownFee, prices, scheduleOf } from './random-schedule.js';

export { models, ownerIdOf, usernames } from './random-names.js';

const names = ['rig', 'cloud'] as const;

export const planSettings: PlanSettings = {
  feeBpsDefault: 500,
  candidatesMax: 64,
  rejectionsMax: 64,
  outputTokensDefault: 4_096,
  outputTokensMax: 32_768,
  outputTokensSmall: 1_024,
  promptTokensMax: 100_000_000,
  frameOverheadBytes: 1_024,
  sessionQueuedMax: 4,
  selectedOffersMax: 1_000,
};

const mostly = fc.constantFrom(...Array.from({ length: 9 }, () => true), false);

const providerShape = fc.record({
  username: fc.constantFrom(...usernames),
  name: fc.constantFrom(...names),
  isWorker: fc.boolean(),
  isEnabled: mostly,
  offered: fc.subarray([...models], { minLength: 1 }),
  isReadable: mostly,
  data: fc.record({
    isCollected: fc.option(fc.boolean()),
    isRetained: fc.option(fc.boolean()),
    region: fc.option(fc.constantFrom('eu', 'us')),
  }),
});

function toProvider(
  shape: typeof providerShape extends fc.Arbitrary<infer T> ? T : never,
): Provider {
  const { username, name, isWorker, offered, isReadable } = shape;
  return {
    id: `${username}-${name}`,
    ownerId: ownerIdOf(username),
    username,
    name,
    isEnabled: shape.isEnabled,
    createdAtMs: 5_000,
    data: shape.data,
    source: isWorker
      ? { kind: 'coderai', clientIds: null, registrations: [] }
      : {
          kind: 'openai',
          baseUrl: 'https://upstream.example/v1',
          headers: isReadable ? { authorization: 'Bearer x' } : null,
          models: new Map(offered.map((model) => [model, `${model}-upstream`])),
        },
  };
}

const providersFrom = (minLength: number) =>
  fc
    .uniqueArray(providerShape, {
      selector: ({ username, name }) => `${username}/${name}`,
      minLength,
      maxLength: 6,
    })
    .map((shapes) => shapes.map(toProvider));

/** What a worker says of one of its models; mostly little. */
const modelFacts = fc
  .record({
    contextTokensMax: fc.option(fc.constantFrom(500, 500_000)),
    inputs: fc.option(fc.constantFrom(['text'], ['text', 'image']), { nil: undefined, freq: 2 }),
    outputs: fc.constantFrom(undefined, undefined, ['text'], ['embedding'], ['image', 'text']),
    hasTools: fc.constantFrom(undefined, true, false),
    quantization: fc.constantFrom(undefined, 'Q4', 'Q8'),
    parameters: fc.constantFrom(undefined, undefined, ['temperature'], ['temperature', 'tools']),
  })
  .map(({ contextTokensMax, inputs, outputs, hasTools, quantization, parameters }) => ({
    contextTokensMax,
    ...(inputs && { inputs: [...inputs] }),
    ...(outputs && { outputs: [...outputs] }),
    ...(hasTools !== undefined && { hasTools }),
    ...(quantization !== undefined && { quantization }),
    ...(parameters && { parameters: [...parameters] }),
  }));

const measured = fc.option(
  fc.record({
    requests: fc.integer({ min: 1, max: 100 }),
    successRate: fc.double({ min: 0, max: 1, noNaN: true }),
    firstMs: fc.option(fc.integer({ min: 0, max: 10_000 })),
    chunksPerSecond: fc.option(fc.integer({ min: 1, max: 100 })),
  }),
  { nil: undefined },
);

function listingsOf(all: readonly Provider[], share: number): fc.Arbitrary<readonly Listing[]> {
  const places = all.flatMap(({ id }) => models.map((model) => ({ providerId: id, model })));
  return fc.subarray(places, { minLength: Math.floor(places.length * share) }).chain((chosen) =>
    fc.tuple(
      ...chosen.map(({ providerId, model }) =>
        fc
          .record({
            prices: scheduleOf(prices, 1),
            isActive: mostly,
            fees: scheduleOf(ownFee),
            batchPercent: fc.constantFrom(undefined, 100, 50, 33),
          })
          .map(({ batchPercent, ...terms }): Listing => {
            const share = batchPercent === undefined ? {} : { batchPercent };
            return { id: `${providerId}-${model}`, providerId, model, ...terms, ...share };
          }),
      ),
    ),
  );
}

function sessionsOf(
  all: readonly Provider[],
  share: number,
): fc.Arbitrary<readonly SessionPresence[]> {
  const places = all
    .filter(({ source }) => source.kind === 'coderai')
    .flatMap((provider) => ['one', 'two'].map((clientId) => ({ provider, clientId })));
  const minLength = Math.floor(places.length * share);
  return fc.subarray(places, { minLength }).chain((chosen) =>
    fc.tuple(
      ...chosen.map(({ provider, clientId }) =>
        fc
          .record({
            state: fc.constantFrom('serving', 'serving', 'serving', 'suspect', 'draining'),
            offered: fc
              .subarray([...models], { minLength: 1 })
              .chain((names) =>
                fc.tuple(...names.map((name) => modelFacts.map((facts) => ({ name, ...facts })))),
              ),
            endpoints: fc.constantFrom(
              undefined,
              undefined,
              ['/v1/chat/completions'],
              ['/v1/audio/speech'],
              ['/v1/embeddings', '/v1/responses'],
              ['/v1/completions'],
              ['/v1/chat/completions', '/v1/pipelines/{id}/run'],
              ['/v1/pipelines/{id}/run', '/v1/pipelines/fast/run'],
            ),
            measured,
            frameBytesMax: fc.constantFrom(4_096, 1_048_576),
            inFlight: fc.integer({ min: 0, max: 4 }),
            queued: fc.integer({ min: 0, max: 6 }),
          })
          .map(
            ({ state, offered, endpoints, measured, ...load }): SessionPresence => ({
              sessionId: `${provider.id}-${clientId}`,
              epoch: 1,
              providerId: provider.id,
              ownerId: provider.ownerId,
              username: provider.username,
              clientId,
              connectedAtMs: 1,
              state: state as SessionPresence['state'],
              models: offered,
              ...(endpoints && { endpoints: [...endpoints] }),
              ...(measured && { measured }),
              hardware: null,
              inFlightMax: 4,
              ...load,
            }),
          ),
      ),
    ),
  );
}

/** Where one broker has told of these sessions. */
export function presenceOf(sessions: readonly SessionPresence[]): Presence {
  const presence = new Presence({
    brokerSilenceMsMax: 1_000,
    snapshotRetryMs: 1_000,
    bufferedEventsMax: 100,
  });
  const from = { brokerId: 'broker', incarnation: 'first', sequence: 0 };
  const url = 'http://broker:1';
  presence.onEvent({ type: 'broker-beat', ...from, url, isDraining: false }, nowMs);
  presence.onSnapshot(
    { type: 'presence-snapshot', ...from, url, page: 0, pages: 1, sessions: [...sessions] },
    nowMs,
  );
  return presence;
}

export function surroundings(
  sessions: readonly SessionPresence[],
  cooling: ReadonlyMap<string, number>,
): Surroundings {
  const presence = presenceOf(sessions);
  return {
    sessionsOf: (providerId) => presence.sessionsOf(providerId),
    cooldownOf: (key) => {
      const untilMs = cooling.get(key);
      return untilMs === undefined ? undefined : { failures: 1, lastEndAtMs: nowMs, untilMs };
    },
    paceOf: () => undefined,
    nowMs,
  };
}

function coolingOf(
  all: readonly Provider[],
  sessions: readonly SessionPresence[],
): fc.Arbitrary<ReadonlyMap<string, number>> {
  const keys = [
    ...all.flatMap(({ id }) => models.map((model) => healthKey(id, `${model}-upstream`, null))),
    ...sessions.flatMap(({ providerId, sessionId }) =>
      models.map((model) => healthKey(providerId, model, sessionId)),
    ),
  ];
  return fc
    .subarray(keys)
    .chain((chosen) =>
      fc.tuple(
        ...chosen.map((key) =>
          fc
            .integer({ min: nowMs - 100, max: nowMs + 100 })
            .map((untilMs) => [key, untilMs] as const),
        ),
      ),
    )
    .map((entries) => new Map(entries));
}

function usageChecksOf(all: readonly Provider[]): fc.Arbitrary<readonly UsageCheck[]> {
  const places = all.flatMap(({ id }) => models.map((model) => ({ providerId: id, model })));
  const figures = {
    differenceBps: 900,
    requests: 200,
    ourTokens: 1,
    reportedTokens: 2,
    sinceMs: 1,
  };
  return fc.subarray(places, { maxLength: 2 }).chain((chosen) =>
    fc.tuple(
      ...chosen.map((place) =>
        fc.constantFrom('flagged' as const, 'paused' as const).map((state) => ({
          ...place,
          ...figures,
          state,
        })),
      ),
    ),
  );
}

const sellerFees = fc
  .tuple(
    ...usernames.map((username) => scheduleOf(ownFee).map((fees) => [username, fees] as const)),
  )
  .map((all) => new Map(all.map(([username, fees]) => [ownerIdOf(username), fees])));

/** Every form of route, over what there is and is not. */
export function routesOf({ catalogue }: RandomMarket): fc.Arbitrary<string> {
  const places = catalogue.providers.flatMap(({ username, name }) =>
    models.map((model) => ({ username, name, model })),
  );
  return fc.constantFrom(
    ...places.flatMap(({ username, name, model }) => [
      `${name}/${model}`,
      `${username}/provider/${name}/${model}`,
      `user-provider/${name}/${model}`,
    ]),
    ...catalogue.rotations.flatMap(({ username, name }) => [
      `rotation/${name}`,
      `rotations/${name}`,
      `user-rotation/${name}`,
      `${username}/rotation/${name}`,
    ]),
    ...models,
    'rig/nothing',
    'rotation/nothing',
  );
}

/** A whole market at one moment, and one who buys in it. Of what there might be, this share is there at least. */
const marketsWith = (share: number) =>
  providersFrom(Math.ceil(1 + 4 * share))
    .chain((all) =>
      fc.record({
        providers: fc.constant(all),
        listings: listingsOf(all, share),
        rotations: rotationsOf(all, share),
        usageChecks: usageChecksOf(all),
        sellerFees,
        sessions: sessionsOf(all, share),
      }),
    )
    .chain(({ sessions, ...records }) =>
      fc.record({
        catalogue: fc.constant(
          indexCatalogue({ revision: 1, ...records } satisfies CatalogueRecords),
        ),
        sessions: fc.constant(sessions),
        cooling: coolingOf(records.providers, sessions),
        buyer: fc
          .constantFrom(...usernames, 'carl')
          .map((username) => ({ ownerId: ownerIdOf(username) })),
      }),
    );

/** Mostly empty ones, so that much is missing. */
export const markets = marketsWith(0);
/** Full enough for many to serve. */
export const fullMarkets = marketsWith(0.6);

export type RandomMarket = typeof markets extends fc.Arbitrary<infer Market> ? Market : never;
