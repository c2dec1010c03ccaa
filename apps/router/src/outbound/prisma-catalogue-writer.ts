import { Prisma } from '@aisbf/database-router';
import { Injectable } from '@nestjs/common';
import type { Act } from '../domain/act.js';
import type { DataPolicy } from '../domain/catalogue.js';
import type {
  CatalogueChange,
  NewHttpProvider,
  NewWorkerProvider,
} from '../domain/catalogue-change.js';
import { faults } from '../domain/faults.js';
import { CatalogueWriter } from '../services/catalogue-editing.js';
import { putAutoselect } from './autoselect-rows.js';
import { sealSecrets, toCredentialColumns } from './credential-columns.js';
import { CredentialVault } from './credential-vault.js';
import { updatedHostedColumns } from './hosted-rows.js';
import { putImport } from './import-rows.js';
import { putPolicyRows, toPolicyColumns } from './policy-rows.js';
import { insertAct } from './prisma-act-store.js';
import { addRegistration, revokeRegistration, toRegistrationRow } from './registration-rows.js';
import { putRotation } from './rotation-rows.js';
import { WritingClient } from './router-database.js';
import { setTerm, withdrawTerm } from './term-writing.js';

type Transaction = Prisma.TransactionClient;
type Change<Type extends CatalogueChange['type']> = Extract<CatalogueChange, { type: Type }>;

/** The codes that Prisma knows failed statements by. */
const prismaCodes = { uniqueViolated: 'P2002', foreignKeyViolated: 'P2003' } as const;
/** Not reached, connection closed, no connection free, transaction timed out, deadlock. */
const unreachableCodes: ReadonlySet<string> = new Set([
  'P1001',
  'P1002',
  'P1008',
  'P1017',
  'P2024',
  'P2028',
  'P2034',
]);

/** Writes the catalogue, each change and its revision in one transaction. */
@Injectable()
export class PrismaCatalogueWriter extends CatalogueWriter {
  constructor(
    private readonly database: WritingClient,
    private readonly vault: CredentialVault,
  ) {
    super();
  }

  async commit(change: CatalogueChange, act: Act | undefined): Promise<number> {
    try {
      return await this.database.$transaction(async (transaction) => {
        // The row's lock puts all changes into one order, so that a revision includes every earlier one.
        const { revision } = await transaction.catalogueRevision.update({
          where: { id: 1 },
          data: { revision: { increment: 1 } },
        });
        await this.apply(change, transaction);
        if (act) await insertAct(transaction, act);
        return Number(revision);
      });
    } catch (error) {
      throw faultOfViolation(error, change) ?? error;
    }
  }

  private async apply(change: CatalogueChange, transaction: Transaction): Promise<void> {
    switch (change.type) {
      case 'provider-create':
        await transaction.provider.create({ data: this.toProviderRow(change.provider) });
        return putPolicyRows(change.provider.id, change.provider.policy, transaction);
      case 'provider-update':
        return this.updateProvider(change, transaction);
      case 'registration-add':
        return addRegistration(change, transaction);
      case 'registration-revoke':
        return revokeRegistration(change, transaction);
      case 'provider-delete':
        return found(await transaction.provider.deleteMany({ where: { id: change.id } }));
      case 'listing-put':
        return putListing(change, transaction);
      case 'listing-delete':
        await transaction.listing.deleteMany({ where: { id: change.id } });
        return;
      case 'term-set':
        return setTerm(change.subject, change.term, transaction);
      case 'term-withdraw':
        return withdrawTerm(change, transaction);
      case 'rotation-put':
        return putRotation(change, transaction);
      case 'rotation-delete':
        await transaction.rotation.deleteMany({ where: { id: change.id } });
        return;
      case 'autoselect-put':
        return putAutoselect(change, transaction);
      case 'autoselect-delete':
        await transaction.autoselect.deleteMany({ where: { id: change.id } });
        return;
      case 'import-put':
        return putImport(change, transaction);
      case 'import-delete':
        await transaction.marketImport.deleteMany({ where: { id: change.id } });
        return;
      case 'usage-check-put':
        return putUsageCheck(change, transaction);
      case 'usage-check-delete': {
        const { providerId, model, state } = change;
        const where = { providerId, model, ...(state && { state }) };
        await transaction.usageCheck.deleteMany({ where });
        return;
      }
    }
  }

  private toProviderRow(provider: NewWorkerProvider | NewHttpProvider) {
    const { id, ownerId, username, name, data, policy } = provider;
    const promised = { ...toDataColumns(data), ...toPolicyColumns(policy) };
    const owned = { id, ownerId, username, name, ...promised };
    if (provider.kind === 'coderai') {
      const { kind, clientIds, registration } = provider;
      const registrations = { create: toRegistrationRow(registration) };
      return { ...owned, kind, clientIds: [...clientIds], registrations };
    }
    const { kind, baseUrl, secrets, endpoints, models } = provider;
    const stored = sealSecrets(secrets, { ownerId, providerId: id }, this.vault);
    const credentialColumns = toCredentialColumns(stored);
    const served = { servedEndpoints: [...(endpoints ?? [])], models: { create: [...models] } };
    return { ...owned, kind, baseUrl, ...credentialColumns, ...served };
  }

  private async updateProvider(
    change: Change<'provider-update'>,
    transaction: Transaction,
  ): Promise<void> {
    const { id, isEnabled, clientIds, hosted, data: promise, policy } = change;
    const data = {
      ...(isEnabled !== undefined && { isEnabled }),
      ...(clientIds !== undefined && { clientIds: [...clientIds] }),
      ...(hosted && (await updatedHostedColumns(id, hosted, this.vault, transaction))),
      ...(promise !== undefined && toDataColumns(promise)),
      ...(policy !== undefined && toPolicyColumns(policy)),
    };
    found(await transaction.provider.updateMany({ where: { id }, data }));
    if (policy !== undefined) await putPolicyRows(id, policy, transaction);
  }
}

/** It was there when it was looked up; somebody else has deleted it since. */
function found({ count }: Readonly<{ count: number }>): void {
  if (count === 0) throw faults.PROVIDER_NOT_FOUND();
}

function toDataColumns({ isCollected, isRetained, region }: DataPolicy) {
  return { isDataCollected: isCollected, isDataRetained: isRetained, region };
}

async function putListing(change: Change<'listing-put'>, transaction: Transaction): Promise<void> {
  const { newId, providerId, model, isActive, batchPercent, name, term } = change;
  const settings = { isActive, ...(batchPercent !== undefined && { batchPercent }) };
  const { id } = await transaction.listing.upsert({
    where: { providerId_model: { providerId, model } },
    create: { id: newId, providerId, model, ...settings },
    update: settings,
  });
  await setTerm({ kind: 'listing_prices', id, name }, term, transaction);
}

async function putUsageCheck(
  { check }: Change<'usage-check-put'>,
  transaction: Transaction,
): Promise<void> {
  const { providerId, model, sinceMs, ourTokens, reportedTokens, ...figures } = check;
  const key = { providerId_model: { providerId, model } };
  const former = await transaction.usageCheck.findUnique({ where: key });
  if (former?.state === 'paused') return;
  const row = {
    ...figures,
    ourTokens: BigInt(ourTokens),
    reportedTokens: BigInt(reportedTokens),
    since: new Date(sinceMs),
  };
  await transaction.usageCheck.upsert({
    where: key,
    create: { providerId, model, ...row },
    update: row,
  });
}

function faultOfViolation(error: unknown, change: CatalogueChange) {
  if (!(error instanceof Prisma.PrismaClientKnownRequestError)) return undefined;
  if (error.code === prismaCodes.foreignKeyViolated) {
    return faults.PROVIDER_NOT_FOUND({}, { cause: error });
  }
  if (unreachableCodes.has(error.code)) return faults.CATALOGUE_UNREACHABLE({}, { cause: error });
  const isName = error.code === prismaCodes.uniqueViolated && change.type === 'provider-create';
  return isName ? faults.PROVIDER_EXISTS({}, { cause: error }) : undefined;
}
