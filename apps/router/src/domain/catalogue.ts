import type { AutoselectDefinition, OpenAiEndpoint } from '@aisbf/contracts';
import type { Prices } from '@aisbf/money';
import type { ProviderPolicy } from './provider-policy.js';
import type { Registration } from './registration.js';
import type { Schedule } from './schedule.js';
import type { OwnFee } from './term.js';

/** What an owner offers: workers that dial in, or a hosted API that we call. */
export type Provider = Readonly<{
  id: string;
  ownerId: string;
  username: string;
  name: string;
  isEnabled: boolean;
  createdAtMs: number;
  data: DataPolicy;
  /** Absent: open to the market, without limits. */
  policy?: ProviderPolicy;
  source: WorkerSource | HttpSource;
}>;

/** What an owner promises about the requests of others; null is no promise. */
export type DataPolicy = Readonly<{
  /** Whether prompts are kept to learn from them. */
  isCollected: boolean | null;
  /** Whether anything of a request is kept after it has ended. */
  isRetained: boolean | null;
  /** Where it runs: `eu`, `us` … */
  region: string | null;
}>;

/** Workers; their models are known from their presence. */
export type WorkerSource = Readonly<{
  kind: 'coderai';
  /** Null admits any client id. */
  clientIds: ReadonlySet<string> | null;
  /** The oldest first; some may have ended. */
  registrations: readonly Registration[];
}>;

export type HttpSource = Readonly<{
  kind: 'openai';
  baseUrl: string;
  /** Headers that are sent along, or null where what is stored of them cannot be read. */
  headers: Readonly<Record<string, string>> | null;
  /** The base URL with the parameters that are sent along, where there are any; they may be secret. */
  dialUrl?: string;
  /** Names of what its owner has put into headers and parameters. */
  templateNames?: Readonly<{ headers: readonly string[]; query: readonly string[] }>;
  /** What it serves, where its owner says so. */
  endpoints?: ReadonlySet<OpenAiEndpoint> | null;
  /** The name on our side → the name on theirs. */
  models: ReadonlyMap<string, string>;
}>;

export type Listing = Readonly<{
  id: string;
  providerId: string;
  model: string;
  /** From that in force on: what was before is history. Before the first it is not on sale. */
  prices: Schedule<Prices>;
  isActive: boolean;
  /** What requests in batches pay of the prices; absent is all, 100. */
  batchPercent?: number;
  fees: Schedule<OwnFee>;
}>;

/** What is held against a provider's own counts; see `usage-window.ts`. */
export type UsageCheck = Readonly<{
  providerId: string;
  model: string;
  /** `paused`: gets no requests of others until an operator lifts it. */
  state: 'flagged' | 'paused';
  differenceBps: number;
  requests: number;
  ourTokens: number;
  reportedTokens: number;
  sinceMs: number;
}>;

export type RotationTarget =
  | Readonly<{ kind: 'model'; providerId: string; model: string }>
  | Readonly<{ kind: 'rotation'; rotationId: string }>
  | Readonly<{ kind: 'import'; importId: string }>;

export type RotationMember = Readonly<{
  target: RotationTarget;
  /** Twice the weight gets twice the requests of those of the same priority. */
  weight: number;
  /** Those of the least number are tried first. */
  priority: number;
}>;

/** How a rotation's requests are tried; null is what the installation does. */
export type RotationLimits = Readonly<{
  attemptsMax: number | null;
  firstByteMs: number | null;
  totalMs: number | null;
  /** After so long without an answer the next member is asked beside the first; null: never. */
  hedgeAfterMs: number | null;
}>;

export type Rotation = Readonly<{
  id: string;
  ownerId: string;
  username: string;
  name: string;
  createdAtMs: number;
  members: readonly RotationMember[];
  limits: RotationLimits;
}>;

/**
 * Somebody's listing under a name of its importer's own. It stays when the listing goes, so that its owner hears why it leads
 * nowhere.
 */
export type MarketImport = Readonly<{
  id: string;
  ownerId: string;
  username: string;
  name: string;
  createdAtMs: number;
  providerId: string;
  model: string;
  /** `{owner}/{provider}/{model}`, as it was when it was imported. */
  listing: string;
  /** Where the seller asks more for any of these units, the import refuses. */
  pricesMax: Prices;
  note: string | null;
}>;

/** A route that selects by what a request is. */
export type Autoselect = Readonly<{
  /** Null, both, of a built-in one. */
  id: string | null;
  ownerId: string | null;
  username: string;
  name: string;
  createdAtMs: number;
  definition: AutoselectDefinition;
}>;

export type StoredAutoselect = Autoselect & Readonly<{ id: string; ownerId: string }>;

/** Everything at one revision, as it was read. */
export type CatalogueRecords = Readonly<{
  revision: number;
  providers: readonly Provider[];
  listings: readonly Listing[];
  rotations: readonly Rotation[];
  usageChecks: readonly UsageCheck[];
  /** By the seller's id; a listing's own fee comes first. */
  sellerFees: ReadonlyMap<string, Schedule<OwnFee>>;
  /** Absent is none. */
  autoselects?: readonly StoredAutoselect[];
  /** Absent is none. */
  imports?: readonly MarketImport[];
}>;

/** The same, in the ways it is looked up. Never changed: a new revision is a new one. */
export type Catalogue = CatalogueRecords &
  Readonly<{
    providerById: ReadonlyMap<string, Provider>;
    /** `owner/name`, the owner by username. */
    providerByLabel: ReadonlyMap<string, Provider>;
    /** `ownerId/name`. */
    providerByOwnedName: ReadonlyMap<string, Provider>;
    providersByOwnerId: ReadonlyMap<string, readonly Provider[]>;
    /** `provider/model` → the enabled providers with an active listing of it, under their short names. */
    sellersByRoute: ReadonlyMap<string, readonly Provider[]>;
    /** The enabled providers that have a model of this name on sale. */
    sellersByModel: ReadonlyMap<string, readonly Provider[]>;
    listingsByProviderId: ReadonlyMap<string, ReadonlyMap<string, Listing>>;
    listingById: ReadonlyMap<string, Listing>;
    rotationById: ReadonlyMap<string, Rotation>;
    rotationByLabel: ReadonlyMap<string, Rotation>;
    /** `ownerId/name`. */
    rotationByOwnedName: ReadonlyMap<string, Rotation>;
    autoselects: readonly StoredAutoselect[];
    autoselectByLabel: ReadonlyMap<string, StoredAutoselect>;
    /** `ownerId/name`. */
    autoselectByOwnedName: ReadonlyMap<string, StoredAutoselect>;
    imports: readonly MarketImport[];
    importById: ReadonlyMap<string, MarketImport>;
    importByLabel: ReadonlyMap<string, MarketImport>;
    /** `ownerId/name`. */
    importByOwnedName: ReadonlyMap<string, MarketImport>;
    /** `providerId model`. */
    usageCheckByModel: ReadonlyMap<string, UsageCheck>;
  }>;

/** The operator's name: what is offered by it is offered to everybody, under its short name. */
export const globalUsername = 'global';

export function labelOf(owned: Readonly<{ username: string; name: string }>): string {
  return `${owned.username}/${owned.name}`;
}

export function ownedName(ownerId: string, name: string): string {
  return `${ownerId}/${name}`;
}

export function indexCatalogue(records: CatalogueRecords): Catalogue {
  const { providers, listings, rotations, autoselects = [], imports = [] } = records;
  const providerById = new Map(providers.map((provider) => [provider.id, provider]));
  const sales = salesOf(listings, providerById);
  const byProvider = Map.groupBy(listings, (listing) => listing.providerId);
  return {
    ...records,
    providerById,
    providerByLabel: new Map(providers.map((provider) => [labelOf(provider), provider])),
    providerByOwnedName: byOwnedName(providers),
    providersByOwnerId: Map.groupBy(providers, (provider) => provider.ownerId),
    sellersByRoute: sellersBy(sales, ({ provider, model }) => `${provider.name}/${model}`),
    sellersByModel: sellersBy(sales, ({ model }) => model),
    listingsByProviderId: new Map(
      [...byProvider].map(([id, own]) => [
        id,
        new Map(own.map((listing) => [listing.model, listing])),
      ]),
    ),
    listingById: new Map(listings.map((listing) => [listing.id, listing])),
    rotationById: new Map(rotations.map((rotation) => [rotation.id, rotation])),
    rotationByLabel: new Map(rotations.map((rotation) => [labelOf(rotation), rotation])),
    rotationByOwnedName: byOwnedName(rotations),
    autoselects,
    autoselectByLabel: new Map(autoselects.map((autoselect) => [labelOf(autoselect), autoselect])),
    autoselectByOwnedName: byOwnedName(autoselects),
    imports,
    importById: new Map(imports.map((one) => [one.id, one])),
    importByLabel: new Map(imports.map((one) => [labelOf(one), one])),
    importByOwnedName: byOwnedName(imports),
    usageCheckByModel: new Map(
      records.usageChecks.map((check) => [`${check.providerId} ${check.model}`, check]),
    ),
  };
}

export function usageCheckOf(
  catalogue: Catalogue,
  providerId: string,
  model: string,
): UsageCheck | undefined {
  return catalogue.usageCheckByModel.get(`${providerId} ${model}`);
}

function byOwnedName<Owned extends Readonly<{ ownerId: string; name: string }>>(
  all: readonly Owned[],
): ReadonlyMap<string, Owned> {
  return new Map(all.map((one) => [ownedName(one.ownerId, one.name), one]));
}

type Sale = Readonly<{ provider: Provider; model: string }>;

/** What anybody can buy, as far as the catalogue knows. */
function salesOf(
  listings: readonly Listing[],
  providerById: ReadonlyMap<string, Provider>,
): readonly Sale[] {
  return listings.flatMap(({ providerId, model, isActive }) => {
    const provider = providerById.get(providerId);
    return isActive && provider?.isEnabled ? [{ provider, model }] : [];
  });
}

function sellersBy(
  sales: readonly Sale[],
  nameOf: (sale: Sale) => string,
): ReadonlyMap<string, readonly Provider[]> {
  const groups = Map.groupBy(sales, nameOf);
  return new Map([...groups].map(([name, group]) => [name, group.map(({ provider }) => provider)]));
}
