import type { Preferences } from '@aisbf/contracts';
import { nanos } from '@aisbf/money';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { DataPolicy } from './catalogue.js';
import type { Offer } from './offer.js';
import { offerRejection } from './offer-rejection.js';
import type { PaceFigures } from './pace.js';
import { inPreferredOrder, type Weighing } from './preferred-order.js';
import type { Upstream } from './upstream.js';
import { wishRejection } from './wish-rejection.js';

type Shape = Readonly<{
  label?: string;
  isOwn?: boolean;
  data?: Partial<DataPolicy>;
  kind?: 'coderai' | 'openai';
  price?: number;
}>;

function offer({ label = 'anna/rig', isOwn = false, data, kind = 'coderai', price = 1 }: Shape) {
  const [username = '', name = ''] = label.split('/');
  const provider = {
    ...{ id: label, username, name, source: { kind } },
    data: { isCollected: null, isRetained: null, region: null, ...data },
  };
  const prices = { completion_token: nanos(BigInt(price) * 1_000_000n) };
  return { provider, model: 'm', prices, isOwn } as unknown as Offer;
}

describe(wishRejection, () => {
  it.each<[string | undefined, Shape, Preferences]>([
    [undefined, {}, {}],
    ['ignored', {}, { ignore: ['anna'] }],
    ['ignored', {}, { ignore: ['rig'], only: ['rig'] }],
    ['not_wanted', {}, { only: ['bob', 'cloud'] }],
    [undefined, {}, { only: ['anna/rig'] }],
    ['not_wanted', {}, { order: ['bob'], allowsFallbacks: false }],
    [undefined, {}, { order: ['bob'] }],
    [undefined, {}, { allowsFallbacks: false }],
    ['data_collected', {}, { deniesCollection: true }],
    ['data_collected', { data: { isCollected: true } }, { deniesCollection: true }],
    [undefined, { data: { isCollected: false } }, { deniesCollection: true }],
    ['data_retained', { data: { isCollected: false } }, { isZeroRetention: true }],
    [undefined, { data: { isRetained: false } }, { isZeroRetention: true }],
    [undefined, { isOwn: true }, { isZeroRetention: true, deniesCollection: true }],
    ['region_differs', {}, { regions: ['eu'] }],
    ['region_differs', { isOwn: true, data: { region: 'us' } }, { regions: ['eu'] }],
    [undefined, { data: { region: 'eu' } }, { regions: ['us', 'eu'] }],
    ['quantization_differs', { kind: 'openai' }, { quantizations: ['fp8'] }],
    [undefined, { kind: 'openai' }, { quantizations: ['fp8', 'unknown'] }],
    [undefined, { kind: 'openai' }, { quantizations: ['UNKNOWN'] }],
  ])('says %s of %j for %j', (reason, shape, wishes) => {
    expect(wishRejection(offer(shape), wishes)).toBe(reason);
  });
});

describe(offerRejection, () => {
  const around = { nowMs: 0, barredOf: () => 'rate_reached' as const };
  const size = { bodyBytes: 1, promptTokens: 1, frameOverheadBytes: 1, sessionQueuedMax: 1 };

  it('tells of a wish and of a limit of the price before what will pass', () => {
    const demands = { ...size, endpoint: 'chat.completions' } as const;
    const wished = { ...demands, preferences: { isZeroRetention: true } };
    const cheap = { ...demands, pricesMax: { completion_token: '1' } };
    const common = offer({});
    const disabled = { ...common, provider: { ...common.provider, isEnabled: false } };
    const busy = { ...common, provider: { ...common.provider, isEnabled: true } };
    const paused = { ...busy, isPaused: true };
    for (const [one, reason] of [
      [disabled, 'disabled'],
      [paused, 'paused_for_usage'],
      [busy, 'rate_reached'],
    ] as const) {
      expect(offerRejection(one, demands, around)).toBe(reason);
      expect(offerRejection(one, wished, around)).toBe('data_retained');
      expect(offerRejection(one, cheap, around)).toBe('price_above_max');
    }
  });
});

const figures = (p50: number): PaceFigures => ({ p50, p75: p50, p90: p50, p99: p50 });

describe(inPreferredOrder, () => {
  const paces = new Map([
    ['slow/x', { firstMs: figures(900), tokensPerS: figures(5) }],
    ['quick/x', { firstMs: figures(90), tokensPerS: figures(50) }],
  ]);
  const weighing: Weighing = {
    promptTokens: 1_000,
    outputTokens: 100,
    paceOf: (providerId) => paces.get(providerId),
  };
  const all = [
    offer({ label: 'slow/x', price: 1 }),
    offer({ label: 'new/x', price: 3 }),
    offer({ label: 'quick/x', price: 2 }),
    offer({ label: 'me/x', price: 9, isOwn: true }),
  ].map((one) => ({ offer: one }) as Upstream);
  const order = (wishes: Preferences | undefined) =>
    [...inPreferredOrder(all, wishes, () => weighing)].map((one) => one.offer.provider.username);

  it.each<[Preferences | undefined, readonly string[]]>([
    [undefined, ['slow', 'new', 'quick', 'me']],
    [{}, ['slow', 'new', 'quick', 'me']],
    [{ sort: 'price' }, ['slow', 'quick', 'new', 'me']],
    [{ sort: 'throughput' }, ['quick', 'slow', 'new', 'me']],
    [{ sort: 'latency' }, ['quick', 'slow', 'new', 'me']],
    [{ order: ['me', 'quick'] }, ['me', 'quick', 'slow', 'new']],
    [{ order: ['new'], sort: 'price' }, ['new', 'slow', 'quick', 'me']],
    [{ isOwnFirst: true }, ['me', 'slow', 'new', 'quick']],
    [{ throughputMin: { p50: 40 } }, ['quick', 'slow', 'new', 'me']],
    [{ latencyMsMax: { p99: 1_000 } }, ['slow', 'quick', 'new', 'me']],
  ])('puts for %j %j', (wishes, expected) => {
    expect(order(wishes)).toEqual(expected);
  });

  it('loses nobody and invents nobody, and sorts by price exactly', () => {
    const wishes = fc.record(
      {
        sort: fc.constantFrom('price', 'throughput', 'latency'),
        order: fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1 }),
        isOwnFirst: fc.boolean(),
      },
      { requiredKeys: [] },
    );
    const shapes = fc.array(
      fc.record({
        label: fc.constantFrom('a/x', 'b/x', 'c/x', 'd/x'),
        isOwn: fc.boolean(),
        price: fc.integer({ min: 1, max: 1_000_000 }),
      }),
    );
    const run = fc.property(shapes, wishes, (some, wished) => {
      const upstreams = some.map((shape) => ({ offer: offer(shape) }) as Upstream);
      const ordered = [...inPreferredOrder(upstreams, wished as Preferences, () => weighing)];
      expect(new Set(ordered)).toEqual(new Set(upstreams));
      expect(ordered).toHaveLength(upstreams.length);
      if (wished.sort !== 'price' || wished.order || wished.isOwnFirst) return;
      const prices = ordered.map((one) => Number(one.offer.prices.completion_token));
      expect(prices).toEqual([...prices].sort((left, right) => left - right));
    });
    fc.assert(run);
  });
});
