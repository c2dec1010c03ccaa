import type { Prices } from '@aisbf/money';
import type { RotationMember, UsageCheck } from './catalogue.js';
import type { Registration } from './registration.js';

type Owned = Readonly<{ id: string; ownerId: string; username: string; name: string }>;

export type NewWorkerProvider = Owned &
  Readonly<{ kind: 'coderai'; clientIds: readonly string[]; registration: Registration }>;

export type NewHttpProvider = Owned &
  Readonly<{
    kind: 'openai';
    baseUrl: string;
    /** In clear on its way to the store, which encrypts it. */
    credential: string | null;
    models: readonly Readonly<{ name: string; upstreamName: string }>[];
  }>;

/** Everything that can be done to the catalogue, each a transaction of its own. */
export type CatalogueChange =
  | Readonly<{ type: 'provider-create'; provider: NewWorkerProvider | NewHttpProvider }>
  | Readonly<{
      type: 'provider-update';
      id: string;
      ownerId: string;
      /** Undefined leaves it as it is. */
      isEnabled: boolean | undefined;
      /** None admits any; undefined leaves it as it is. */
      clientIds: readonly string[] | undefined;
      /** In clear on its way to the store; null is none, undefined leaves it as it is. */
      credential: string | null | undefined;
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
      prices: Prices;
      isActive: boolean;
    }>
  | Readonly<{ type: 'listing-delete'; id: string }>
  | Readonly<{ type: 'rotation-put'; rotation: Owned; members: readonly RotationMember[] }>
  | Readonly<{ type: 'rotation-delete'; id: string }>
  /** One that is paused stays so: another replica may have seen more. */
  | Readonly<{ type: 'usage-check-put'; check: UsageCheck }>
  | Readonly<{
      type: 'usage-check-delete';
      providerId: string;
      model: string;
      /** Only where it is in this state; null is any. */
      state: UsageCheck['state'] | null;
    }>;
