import type { AutoselectDefinition, OpenAiEndpoint } from '@aisbf/contracts';
import type {
  DataPolicy,
  MarketImport,
  RotationLimits,
  RotationMember,
  UsageCheck,
} from './catalogue.js';
import type { HostedModel, HostedSecrets, HostedUpdate } from './hosted-secrets.js';
import type { ProviderPolicy } from './provider-policy.js';
import type { Registration } from './registration.js';
import type { Deed, NewTerm, TermSubject } from './term.js';

type Owned = Readonly<{ id: string; ownerId: string; username: string; name: string }>;
type NewProvider = Owned & Readonly<{ data: DataPolicy; policy: ProviderPolicy }>;

export type NewWorkerProvider = NewProvider &
  Readonly<{ kind: 'coderai'; clientIds: readonly string[]; registration: Registration }>;

export type NewHttpProvider = NewProvider &
  Readonly<{
    kind: 'openai';
    baseUrl: string;
    /** In clear on their way to the store, which encrypts them. */
    secrets: HostedSecrets;
    /** What it serves; null is not known. */
    endpoints: readonly OpenAiEndpoint[] | null;
    models: readonly HostedModel[];
  }>;

/** Everything that can be done to the catalogue, each a transaction of its own. */
export type CatalogueChange =
  | Readonly<{ type: 'provider-create'; provider: NewWorkerProvider | NewHttpProvider }>
  | Readonly<{
      type: 'provider-update';
      id: string;
      /** Undefined leaves it as it is. */
      isEnabled: boolean | undefined;
      /** None admits any; undefined leaves it as it is. */
      clientIds: readonly string[] | undefined;
      /** Of a hosted provider; its secrets are in clear on their way to the store. */
      hosted: HostedUpdate | undefined;
      data: DataPolicy | undefined;
      policy: ProviderPolicy | undefined;
    }>
  | Readonly<{
      type: 'registration-add';
      providerId: string;
      registration: Registration;
      /** When the others end that would last longer; null leaves them alone. */
      othersEndAtMs: number | null;
      /** Past this many of a provider the oldest ended ones are forgotten. */
      registrationsMax: number;
    }>
  | Readonly<{ type: 'registration-revoke'; id: string; revokedAtMs: number }>
  | Readonly<{ type: 'provider-delete'; id: string }>
  | Readonly<{
      type: 'listing-put';
      /** Where there is no listing yet. */
      newId: string;
      providerId: string;
      model: string;
      isActive: boolean;
      /** Undefined leaves it as it is, at first 100. */
      batchPercent: number | undefined;
      /** As people know it. */
      name: string;
      /** Its prices. */
      term: NewTerm;
    }>
  | Readonly<{ type: 'listing-delete'; id: string }>
  | Readonly<{ type: 'term-set'; subject: TermSubject; term: NewTerm }>
  /** Only before it begins; withdrawn twice, it keeps the time of the first. */
  | Readonly<{
      type: 'term-withdraw';
      subject: Pick<TermSubject, 'kind' | 'id'>;
      id: string;
      by: Deed;
    }>
  | Readonly<{
      type: 'rotation-put';
      rotation: Owned;
      members: readonly RotationMember[];
      limits: RotationLimits;
    }>
  | Readonly<{ type: 'rotation-delete'; id: string }>
  | Readonly<{ type: 'autoselect-put'; autoselect: Owned; definition: AutoselectDefinition }>
  | Readonly<{ type: 'autoselect-delete'; id: string }>
  | Readonly<{
      type: 'import-put';
      imported: Omit<MarketImport, 'createdAtMs'>;
      /** More than this of one owner are refused. */
      importsMax: number;
    }>
  | Readonly<{ type: 'import-delete'; id: string }>
  /** One that is paused stays so: another replica may have seen more. */
  | Readonly<{ type: 'usage-check-put'; check: UsageCheck }>
  | Readonly<{
      type: 'usage-check-delete';
      providerId: string;
      model: string;
      /** Only where it is in this state; null is any. */
      state: UsageCheck['state'] | null;
    }>;
