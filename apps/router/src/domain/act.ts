import type { Principal } from '@aisbf/contracts';
import type { Prices } from '@aisbf/money';
import type { Catalogue, Provider, RotationTarget } from './catalogue.js';
import type { CatalogueChange } from './catalogue-change.js';
import type { HostedUpdate } from './hosted-secrets.js';
import type { NewTerm, TermSubject } from './term.js';

/** Whoever manages something, and from where. */
export type Actor = Principal & Readonly<{ address: string | null }>;

type Detail = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

/** What was done, and whose matter it is. Details are facts that help to understand it later; never a secret. */
export type Deed = Readonly<{ ownerId: string; action: string; subject: string; detail: Detail }>;

/** A deed, and by whom. */
export type Act = Deed &
  Readonly<{
    id: string;
    actorUser: string;
    actorToken: string | null;
    address: string | null;
  }>;

type Change<Type extends CatalogueChange['type']> = Extract<CatalogueChange, { type: Type }>;
type Tellers = {
  readonly [Type in CatalogueChange['type']]: (
    change: Change<Type>,
    catalogue: Catalogue,
  ) => Deed | undefined;
};

/** Addresses and credentials of hosted APIs, hashes of tokens: they stay out. */
const tellers: Tellers = {
  'provider-create': ({ provider: { ownerId, id, name, kind } }) => ({
    ...{ ownerId, action: 'provider.create', subject: id },
    detail: { name, kind },
  }),
  'provider-update': (change, { providerById }) => {
    const { id, isEnabled, clientIds, hosted, data, policy } = change;
    return ofProvider(providerById.get(id), 'provider.update', id, {
      ...(isEnabled !== undefined && { isEnabled }),
      ...(clientIds !== undefined && { clientIds: clientIds.length }),
      ...(hosted && hostedDetail(hosted)),
      ...(data !== undefined && { ...data }),
      ...(policy !== undefined && { policy: 'changed' }),
    });
  },
  'provider-delete': ({ id }, { providerById }) =>
    ofProvider(providerById.get(id), 'provider.delete', id),
  'registration-add': ({ providerId, registration, othersEndAtMs }, { providerById }) =>
    ofProvider(
      providerById.get(providerId),
      othersEndAtMs === null ? 'registration.create' : 'registration.rotate',
      registration.id,
      {
        providerId,
        ...(othersEndAtMs === null
          ? { expiresAt: timeText(registration.expiresAtMs) }
          : { othersEndAt: timeText(othersEndAtMs) }),
      },
    ),
  'registration-revoke': ({ id }, { providers }) => {
    const provider = providers.find(
      ({ source }) =>
        source.kind === 'coderai' && source.registrations.some((known) => known.id === id),
    );
    return ofProvider(provider, 'registration.revoke', id, { providerId: provider?.id ?? null });
  },
  'listing-put': ({ newId, providerId, model, isActive, batchPercent, term }, catalogue) => {
    const known = catalogue.listingsByProviderId.get(providerId)?.get(model);
    return ofProvider(catalogue.providerById.get(providerId), 'listing.put', known?.id ?? newId, {
      ...{ providerId, model, isActive },
      ...(batchPercent !== undefined && { batchPercent }),
      ...termDetail(term),
    });
  },
  'term-set': ({ subject, term }, catalogue) =>
    ofTerm(subject, catalogue, 'set', { name: subject.name, ...termDetail(term) }),
  'term-withdraw': ({ subject, id }, catalogue) =>
    ofTerm(subject, catalogue, 'withdraw', { changeId: id }),
  'autoselect-put': ({ autoselect: { ownerId, name }, definition }) => ({
    ...{ ownerId, action: 'autoselect.put', subject: name },
    detail: { decisions: definition.decisions.length },
  }),
  'autoselect-delete': ({ id }, { autoselects }) => {
    const autoselect = autoselects.find((known) => known.id === id);
    if (!autoselect) return undefined;
    const { ownerId, name } = autoselect;
    return { ownerId, action: 'autoselect.delete', subject: name, detail: {} };
  },
  'listing-delete': ({ id }, { listingById, providerById }) => {
    const listing = listingById.get(id);
    if (!listing) return undefined;
    const { providerId, model } = listing;
    return ofProvider(providerById.get(providerId), 'listing.delete', id, { providerId, model });
  },
  'rotation-put': ({ rotation: { ownerId, name }, members }) => ({
    ...{ ownerId, action: 'rotation.put', subject: name },
    detail: {
      members: members.map(({ target, weight }) => `${targetText(target)} ${weight}`),
    },
  }),
  'rotation-delete': ({ id }, { rotations }) => {
    const rotation = rotations.find((known) => known.id === id);
    if (!rotation) return undefined;
    const { ownerId, name } = rotation;
    return { ownerId, action: 'rotation.delete', subject: name, detail: {} };
  },
  'import-put': ({ imported: { ownerId, name, listing, pricesMax } }) => ({
    ...{ ownerId, action: 'import.put', subject: name },
    detail: { listing, maxPrices: pricesDetail(pricesMax) },
  }),
  'import-delete': ({ id }, { importById }) => {
    const found = importById.get(id);
    if (!found) return undefined;
    const { ownerId, name, listing } = found;
    return { ownerId, action: 'import.delete', subject: name, detail: { listing } };
  },
  // Marks are made by comparing counts, by nobody.
  'usage-check-put': () => undefined,
  'usage-check-delete': ({ providerId, model }, { providerById }) =>
    ofProvider(providerById.get(providerId), 'usage-check.lift', providerId, { model }),
};

/** What a change is in the record. Undefined where it is about something that is not there: then it is refused. */
export function deedOf(change: CatalogueChange, catalogue: Catalogue): Deed | undefined {
  // The teller is that of the change's own type, which TypeScript does not follow through the look-up.
  const tell = tellers[change.type] as (
    change: CatalogueChange,
    catalogue: Catalogue,
  ) => Deed | undefined;
  return tell(change, catalogue);
}

function ofProvider(
  provider: Provider | undefined,
  action: string,
  subject: string,
  detail: Detail = {},
): Deed | undefined {
  if (!provider) return undefined;
  const { ownerId, name } = provider;
  return { ownerId, action, subject, detail: { provider: name, ...detail } };
}

/** Values of headers and parameters may be as secret as the credential. */
function hostedDetail(update: HostedUpdate): Detail {
  const { baseUrl, credential, headers, query, models, endpoints } = update;
  return {
    ...(baseUrl !== undefined && { baseUrl: 'changed' }),
    ...(credential !== undefined && { credential: credential === null ? 'removed' : 'replaced' }),
    ...(headers && { headers: Object.keys(headers).length }),
    ...(query && { query: Object.keys(query).length }),
    ...(models && { models: models.length }),
    ...(endpoints !== undefined && { endpoints }),
  };
}

function termDetail({ value, validFromMs }: NewTerm): Detail {
  return {
    ...(typeof value === 'object' && value !== null
      ? { prices: pricesDetail(value) }
      : { feeBps: value }),
    validFrom: timeText(validFromMs),
  };
}

const actionOfTerm = {
  listing_prices: 'listing-prices',
  listing_fee: 'listing-fee',
  seller_fee: 'seller-fee',
} as const;

/** A seller's fee is the seller's matter; the rest is that of the listing's provider. */
function ofTerm(
  { kind, id }: Pick<TermSubject, 'kind' | 'id'>,
  { listingById, providerById }: Catalogue,
  what: 'set' | 'withdraw',
  detail: Detail,
): Deed | undefined {
  const action = `${actionOfTerm[kind]}.${what}`;
  if (kind === 'seller_fee') return { ownerId: id, action, subject: id, detail };
  const listing = listingById.get(id);
  return ofProvider(listing && providerById.get(listing.providerId), action, id, detail);
}

function pricesDetail(prices: Prices): readonly string[] {
  return Object.entries(prices).map(([unit, price]) => `${unit} ${price}`);
}

function targetText(target: RotationTarget): string {
  switch (target.kind) {
    case 'rotation':
      return target.rotationId;
    case 'import':
      return target.importId;
    default:
      return `${target.providerId}/${target.model}`;
  }
}

function timeText(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString();
}
