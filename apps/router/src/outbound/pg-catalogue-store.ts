import type { OpenAiEndpoint } from '@aisbf/contracts';
import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import type { PoolClient } from 'pg';
import { CredentialEvents } from '../credential-events.js';
import type {
  CatalogueRecords,
  HttpSource,
  Listing,
  Provider,
  StoredAutoselect,
  UsageCheck,
} from '../domain/catalogue.js';
import { faults } from '../domain/faults.js';
import { type HostedSecrets, hostedAccess } from '../domain/hosted-secrets.js';
import type { Registration } from '../domain/registration.js';
import { RouterEvents } from '../events.js';
import { CatalogueStore } from '../services/live-catalogue.js';
import { type AutoselectRow, fromAutoselectRow } from './autoselect-rows.js';
import { type CredentialColumns, CredentialReading } from './credential-columns.js';
import { CredentialVault } from './credential-vault.js';
import { fromImportRow, type ImportRow } from './import-rows.js';
import { fromPolicyRow, type GuestRow, type OpeningRow, type PolicyRow } from './policy-rows.js';
import { fromRotationRow, type MemberRow, type RotationRow } from './rotation-rows.js';
import { ReadingPool } from './router-database.js';
import { StandingTerms, type TermSchedules } from './standing-terms.js';

type ProviderRow = Readonly<{
  id: string;
  owner_id: string;
  username: string;
  name: string;
  kind: 'coderai' | 'openai';
  is_enabled: boolean;
  client_ids: string[];
  base_url: string | null;
  /** Only names of endpoints are written; one that is known no more matches none. */
  served_endpoints: OpenAiEndpoint[];
  created_at: Date;
  is_data_collected: boolean | null;
  is_data_retained: boolean | null;
  region: string | null;
}> &
  CredentialColumns &
  PolicyRow;
type RegistrationRow = Readonly<{
  id: string;
  provider_id: string;
  public_id: string;
  token_hash: string;
  created_at: Date;
  expires_at: Date | null;
  revoked_at: Date | null;
}>;
type ModelRow = Readonly<{ provider_id: string; name: string; upstream_name: string }>;
type ListingRow = Readonly<{
  id: string;
  provider_id: string;
  model: string;
  is_active: boolean;
  batch_percent: number;
}>;
type UsageCheckRow = Readonly<{
  provider_id: string;
  model: string;
  state: 'flagged' | 'paused';
  difference_bps: number;
  requests: number;
  our_tokens: string;
  reported_tokens: string;
  since: Date;
}>;

/** The rows that belong to one provider, and who opens its credential. */
type Belongings = Readonly<{
  registrations: readonly RegistrationRow[];
  models: readonly ModelRow[];
  credentials: CredentialReading;
  guests: readonly GuestRow[];
  openings: readonly OpeningRow[];
}>;

/**
 * A clock that is set back by less still finds what was in force then: far more than clocks that are kept in step ever
 * jump. Set back further, a model may seem not to be on sale; it is never sold at another price.
 */
const clockBackMs = 60_000;

const revisionSql = 'SELECT revision FROM catalogue_revision';

/** Reads the whole catalogue as of one moment. */
@Injectable()
export class PgCatalogueStore extends CatalogueStore {
  /** Autoselects that are told of once, not at every load. */
  private readonly unreadable = new Set<string>();
  private readonly terms = new StandingTerms();

  constructor(
    private readonly pool: ReadingPool,
    private readonly vault: CredentialVault,
    private readonly events: CredentialEvents,
    private readonly routerEvents: RouterEvents,
    private readonly clock: Clock,
  ) {
    super();
  }

  revision(): Promise<number> {
    return readRevision(this.pool).catch(unreachable);
  }

  load(): Promise<CatalogueRecords> {
    return this.loadSnapshot().catch(unreachable);
  }

  private async loadSnapshot(): Promise<CatalogueRecords> {
    const client = await this.pool.connect();
    try {
      // One snapshot for all statements: a revision is served whole or not at all.
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      const records = await this.read(client);
      await client.query('COMMIT');
      client.release();
      return records;
    } catch (error) {
      // Whatever state it is in, this connection is not used again.
      client.release(true);
      throw error;
    }
  }

  private async read(client: PoolClient): Promise<CatalogueRecords> {
    const revision = await readRevision(client);
    const providers = await client.query<ProviderRow>('SELECT * FROM provider ORDER BY name, id');
    const registrations = await client.query<RegistrationRow>(
      'SELECT * FROM registration ORDER BY created_at, id',
    );
    const models = await client.query<ModelRow>('SELECT * FROM provider_model ORDER BY name');
    const guests = await client.query<GuestRow>('SELECT * FROM provider_guest ORDER BY username');
    const openings = await client.query<OpeningRow>(
      'SELECT * FROM provider_opening ORDER BY position',
    );
    const listings = await client.query<ListingRow>(
      'SELECT id, provider_id, model, is_active, batch_percent FROM listing ORDER BY model, id',
    );
    const terms = await this.terms.read(client, this.clock.nowMs() - clockBackMs);
    const rotations = await client.query<RotationRow>('SELECT * FROM rotation ORDER BY name, id');
    const members = await client.query<MemberRow>(
      'SELECT * FROM rotation_member ORDER BY position',
    );
    const usageChecks = await client.query<UsageCheckRow>(
      'SELECT * FROM usage_check ORDER BY provider_id, model',
    );
    const autoselects = await client.query<AutoselectRow>(
      'SELECT * FROM autoselect ORDER BY name, id',
    );
    const imports = await client.query<ImportRow>('SELECT * FROM market_import ORDER BY name, id');
    const registrationsByProvider = Map.groupBy(registrations.rows, (row) => row.provider_id);
    const modelsByProvider = Map.groupBy(models.rows, (row) => row.provider_id);
    const credentials = new CredentialReading(this.vault);
    const guestsByProvider = Map.groupBy(guests.rows, (row) => row.provider_id);
    const openingsByProvider = Map.groupBy(openings.rows, (row) => row.provider_id);
    const membersByRotation = Map.groupBy(members.rows, (row) => row.rotation_id);
    const catalogued = providers.rows.map((row) =>
      fromProviderRow(row, {
        registrations: registrationsByProvider.get(row.id) ?? [],
        models: modelsByProvider.get(row.id) ?? [],
        credentials,
        guests: guestsByProvider.get(row.id) ?? [],
        openings: openingsByProvider.get(row.id) ?? [],
      }),
    );
    this.events.read(credentials.unreadable);
    return {
      revision,
      providers: catalogued,
      listings: listings.rows.map((row) => fromListingRow(row, terms)),
      rotations: rotations.rows.map((row) =>
        fromRotationRow(row, membersByRotation.get(row.id) ?? []),
      ),
      usageChecks: usageChecks.rows.map(fromUsageCheckRow),
      sellerFees: terms.sellerFees,
      autoselects: autoselects.rows.flatMap((row) => this.readable(row)),
      imports: imports.rows.map(fromImportRow),
    };
  }

  private readable(row: AutoselectRow): readonly StoredAutoselect[] {
    const autoselect = fromAutoselectRow(row);
    if (autoselect) return [autoselect];
    if (!this.unreadable.has(row.id)) this.routerEvents.autoselectUnreadable(row.id);
    this.unreadable.add(row.id);
    return [];
  }
}

function unreachable(cause: unknown): never {
  throw faults.CATALOGUE_UNREACHABLE({}, { cause });
}

async function readRevision(queryable: Pick<PoolClient, 'query'>): Promise<number> {
  const { rows } = await queryable.query<{ revision: string }>(revisionSql);
  return Number(rows[0]?.revision);
}

function fromProviderRow(row: ProviderRow, belongings: Belongings): Provider {
  const { registrations, models, credentials, guests, openings } = belongings;
  return {
    id: row.id,
    ownerId: row.owner_id,
    username: row.username,
    name: row.name,
    isEnabled: row.is_enabled,
    createdAtMs: row.created_at.getTime(),
    data: {
      isCollected: row.is_data_collected,
      isRetained: row.is_data_retained,
      region: row.region,
    },
    policy: fromPolicyRow(row, guests, openings),
    source:
      row.kind === 'coderai'
        ? {
            kind: 'coderai',
            clientIds: row.client_ids.length > 0 ? new Set(row.client_ids) : null,
            registrations: registrations.map(fromRegistrationRow),
          }
        : fromHostedRow(row, models, credentials.secretsOf(row)),
  };
}

function fromHostedRow(
  row: ProviderRow,
  models: readonly ModelRow[],
  secrets: HostedSecrets | null,
): HttpSource {
  const baseUrl = row.base_url ?? '';
  const hosted = {
    kind: 'openai',
    baseUrl,
    endpoints: row.served_endpoints.length > 0 ? new Set(row.served_endpoints) : null,
    models: new Map(models.map(({ name, upstream_name }) => [name, upstream_name])),
  } as const;
  if (secrets === null) return { ...hosted, headers: null };
  const { headers, query } = secrets;
  const templateNames = { headers: Object.keys(headers), query: Object.keys(query) };
  return { ...hosted, ...hostedAccess(baseUrl, secrets), templateNames };
}

function fromRegistrationRow(row: RegistrationRow): Registration {
  return {
    id: row.id,
    publicId: row.public_id,
    tokenHash: row.token_hash,
    createdAtMs: row.created_at.getTime(),
    expiresAtMs: row.expires_at?.getTime() ?? null,
    revokedAtMs: row.revoked_at?.getTime() ?? null,
  };
}

function fromListingRow(row: ListingRow, terms: TermSchedules): Listing {
  return {
    id: row.id,
    providerId: row.provider_id,
    model: row.model,
    prices: terms.prices.get(row.id) ?? [],
    isActive: row.is_active,
    batchPercent: row.batch_percent,
    fees: terms.listingFees.get(row.id) ?? [],
  };
}

function fromUsageCheckRow(row: UsageCheckRow): UsageCheck {
  return {
    providerId: row.provider_id,
    model: row.model,
    state: row.state,
    differenceBps: row.difference_bps,
    requests: row.requests,
    ourTokens: Number(row.our_tokens),
    reportedTokens: Number(row.reported_tokens),
    sinceMs: row.since.getTime(),
  };
}
