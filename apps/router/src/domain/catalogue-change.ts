import type { Prices } from '@aisbf/money';
import type { RotationMember } from './catalogue.js';

type Owned = Readonly<{ id: string; ownerId: string; username: string; name: string }>;

export type NewWorkerProvider = Owned &
  Readonly<{ kind: 'coderai'; clientIds: readonly string[]; registrationTokenHash: string }>;

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
  | Readonly<{ type: 'provider-enable'; id: string; isEnabled: boolean }>
  | Readonly<{ type: 'registration-replace'; id: string; registrationTokenHash: string }>
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
  | Readonly<{ type: 'rotation-delete'; id: string }>;
