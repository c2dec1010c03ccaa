import type { Provider } from '@nestjs/common';
import type { AccountsSettings } from './config.js';
import { BackgroundJobs, job } from './inbound/background.js';
import { PgStoredResponseStore } from './outbound/pg-stored-response-store.js';
import {
  StoredResponseLimits,
  StoredResponseStore,
  StoredResponses,
} from './services/stored-responses.js';

/** What keeps responses no longer than they are to be kept. */
export class StoredResponseJobs extends BackgroundJobs {}

/** The parts of the service that keep responses for those who build on them. */
export function storedResponseParts(settings: AccountsSettings): Provider[] {
  return [
    StoredResponses,
    { provide: StoredResponseStore, useClass: PgStoredResponseStore },
    {
      provide: StoredResponseLimits,
      useValue: new StoredResponseLimits(
        settings.ACCOUNTS_RESPONSE_TTL_MS,
        settings.ACCOUNTS_RESPONSES_PER_OWNER_MAX,
      ),
    },
    {
      provide: StoredResponseJobs,
      inject: [StoredResponses],
      useFactory: (responses: StoredResponses) =>
        new StoredResponseJobs([
          job('responses', settings.ACCOUNTS_RESPONSE_PURGE_INTERVAL_MS, () => responses.purge()),
        ]),
    },
  ];
}
