import type { Prisma } from '@aisbf/database-router';
import { faults } from '../domain/faults.js';
import { type HostedUpdate, updatedSecrets } from '../domain/hosted-secrets.js';
import { templateVersion } from '../domain/stored-credential.js';
import { openSecrets, sealSecrets, toCredentialColumns } from './credential-columns.js';
import type { CredentialVault } from './credential-vault.js';

/**
 * The columns that an update of a hosted provider changes. What it does not name is read here: nobody else changes it
 * until the transaction ends, as all changes wait for each other.
 */
export async function updatedHostedColumns(
  providerId: string,
  update: HostedUpdate,
  vault: CredentialVault,
  transaction: Prisma.TransactionClient,
) {
  const { models, endpoints, ...rest } = update;
  const served = endpoints === undefined ? {} : { servedEndpoints: [...(endpoints ?? [])] };
  if (models) {
    await transaction.providerModel.deleteMany({ where: { providerId } });
    const data = models.map((model) => ({ providerId, ...model }));
    await transaction.providerModel.createMany({ data });
  }
  if (Object.values(rest).every((value) => value === undefined)) return served;
  const row = await transaction.provider.findUnique({ where: { id: providerId } });
  if (!row || row.baseUrl === null) throw faults.PROVIDER_NOT_FOUND();
  const { ownerId, baseUrl } = row;
  const opened = openSecrets(
    {
      id: providerId,
      owner_id: ownerId,
      credential_ciphertext: row.credentialCiphertext,
      credential_version: row.credentialVersion,
      credential_data_key: row.credentialDataKey,
      credential_key_id: row.credentialKeyId,
    },
    vault,
  );
  const secrets = 'trouble' in opened ? null : opened;
  const isTemplate = row.credentialVersion === templateVersion;
  const next = updatedSecrets({ baseUrl, secrets, isTemplate }, rest);
  return {
    ...served,
    baseUrl: rest.baseUrl ?? baseUrl,
    ...toCredentialColumns(sealSecrets(next, { ownerId, providerId }, vault)),
  };
}
