import { RecordAct } from '@aisbf/contracts';
import { nanos } from '@aisbf/money';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { deedOf } from './act.js';
import { indexCatalogue, type Provider, type UsageCheck } from './catalogue.js';
import type { CatalogueChange } from './catalogue-change.js';
import { openPolicy } from './provider-policy.js';

const ownerId = 'owner-1';
const registration = (secret: string) => ({
  ...{ id: 'registration-1', publicId: secret, tokenHash: secret },
  ...{ createdAtMs: 1, expiresAtMs: null, revokedAtMs: null },
});

const workers: Provider = {
  ...{ id: 'provider-1', ownerId, username: 'anna', name: 'box', isEnabled: true, createdAtMs: 1 },
  source: { kind: 'coderai', clientIds: null, registrations: [registration('hash')] },
} as unknown as Provider;

const catalogue = indexCatalogue({
  revision: 1,
  providers: [workers],
  listings: [],
  rotations: [
    {
      ...{ id: 'rotation-1', ownerId, username: 'anna', name: 'both', createdAtMs: 1 },
      ...{
        members: [],
        limits: { attemptsMax: null, firstByteMs: null, totalMs: null, hedgeAfterMs: null },
      },
    },
  ],
  usageChecks: [],
  sellerFees: new Map(),
  imports: [
    {
      ...{ id: 'import-1', ownerId, username: 'anna', name: 'theirs', createdAtMs: 1 },
      ...{ providerId: 'provider-9', model: 'm', listing: 'bob/box/m', note: null, pricesMax: {} },
    },
  ],
});

const promises = {
  data: { isCollected: null, isRetained: null, region: null },
  policy: openPolicy,
};

/** A change of each kind that holds a secret, around this one. */
const changesAround = (secret: string): readonly CatalogueChange[] => [
  {
    type: 'provider-create',
    provider: {
      ...{ kind: 'openai', id: 'provider-2', ownerId, username: 'anna', name: 'cloud' },
      ...promises,
      ...{ baseUrl: `https://user:${secret}@upstream.example`, endpoints: null, models: [] },
      secrets: { credential: secret, headers: { 'x-a': secret }, query: { a: secret } },
    },
  },
  {
    type: 'provider-create',
    provider: {
      ...{ kind: 'coderai', id: 'provider-3', ownerId, username: 'anna', name: 'more' },
      ...promises,
      ...{ clientIds: [], registration: registration(secret) },
    },
  },
  {
    ...{ type: 'provider-update', id: 'provider-1', isEnabled: true },
    ...{ clientIds: undefined, data: undefined, policy: undefined },
    hosted: {
      ...{ baseUrl: `https://${secret}.example`, credential: secret, models: [] },
      ...{ headers: { 'x-a': secret }, query: { a: secret } },
    },
  },
  {
    ...{ type: 'registration-add', providerId: 'provider-1', othersEndAtMs: 5 },
    ...{ registration: registration(secret), registrationsMax: 5 },
  },
];

describe(deedOf, () => {
  it('tells no secret, whatever it is', () => {
    fc.assert(
      fc.property(fc.uuid(), (secret) => {
        for (const change of changesAround(secret)) {
          const deed = deedOf(change, catalogue);
          expect(deed?.ownerId).toBe(ownerId);
          expect(RecordAct.shape.action.safeParse(deed?.action).success).toBe(true);
          expect(JSON.stringify(deed)).not.toContain(secret);
        }
      }),
    );
  });

  it('is the matter of whoever owns what is changed', () => {
    expect(deedOf({ type: 'provider-delete', id: 'provider-1' }, catalogue)).toEqual({
      ...{ ownerId, action: 'provider.delete', subject: 'provider-1' },
      detail: { provider: 'box' },
    });
    const revoked = { type: 'registration-revoke', id: 'registration-1', revokedAtMs: 2 } as const;
    expect(deedOf(revoked, catalogue)).toMatchObject({
      ...{ ownerId, action: 'registration.revoke', subject: 'registration-1' },
      detail: { providerId: 'provider-1' },
    });
    expect(deedOf({ type: 'rotation-delete', id: 'rotation-1' }, catalogue)).toMatchObject({
      ...{ ownerId, action: 'rotation.delete', subject: 'both' },
    });
  });

  it('of an import is the matter of whoever imports, and tells what it leads to at most', () => {
    const [known] = catalogue.imports;
    if (!known) throw new Error('there is an import');
    const imported = { ...known, note: 'for me alone', pricesMax: { request: nanos(7n) } };
    const put = deedOf({ type: 'import-put', imported, importsMax: 5 }, catalogue);
    expect(put).toEqual({
      ...{ ownerId, action: 'import.put', subject: 'theirs' },
      detail: { listing: 'bob/box/m', maxPrices: ['request 7'] },
    });
    expect(deedOf({ type: 'import-delete', id: 'import-1' }, catalogue)).toEqual({
      ...{ ownerId, action: 'import.delete', subject: 'theirs' },
      detail: { listing: 'bob/box/m' },
    });
    for (const deed of [put, { action: 'import.delete' }]) {
      expect(RecordAct.shape.action.safeParse(deed?.action).success).toBe(true);
    }
  });

  it("is a seller's matter where the fee of all its sales is set", () => {
    const by = { ownerId: 'operator', username: 'global', nowMs: 1 };
    const limits = { aheadMax: 1, horizonMs: 1 };
    const term = { id: 'term-1', value: 250, validFromMs: 0, by, limits };
    const subject = { kind: 'seller_fee', id: ownerId, name: 'anna' } as const;
    const deed = deedOf({ type: 'term-set', subject, term }, catalogue);
    expect(RecordAct.shape.action.parse(deed?.action)).toBe('seller-fee.set');
    expect(deed).toEqual({
      ...{ ownerId, action: 'seller-fee.set', subject: ownerId },
      detail: { name: 'anna', feeBps: 250, validFrom: '1970-01-01T00:00:00.000Z' },
    });
  });

  it('is none where there is nothing to change, nor of the machinery', () => {
    const mark: UsageCheck = {
      state: 'paused',
      ...{ providerId: 'provider-1', model: 'm', differenceBps: 1, requests: 1 },
      ...{ ourTokens: 1, reportedTokens: 2, sinceMs: 1 },
    };
    const nothing: readonly CatalogueChange[] = [
      { type: 'provider-delete', id: 'nobody' },
      { type: 'listing-delete', id: 'nobody' },
      { type: 'rotation-delete', id: 'nobody' },
      { type: 'import-delete', id: 'nobody' },
      { type: 'registration-revoke', id: 'nobody', revokedAtMs: 2 },
      { type: 'usage-check-put', check: mark },
    ];
    for (const change of nothing) expect(deedOf(change, catalogue)).toBeUndefined();
  });
});
