import type { Provider } from '@nestjs/common';
import type { AccountsSettings } from './config.js';
import { BackgroundJobs, job } from './inbound/background.js';
import { PgSelectionStore } from './outbound/pg-selection-store.js';
import { SelectionNotes, SelectionSettings, SelectionStore } from './services/selection-notes.js';

/** What is done about the decisions of autoselects in the background. */
export class SelectionJobs extends BackgroundJobs {}

/** The parts of the service that keep what autoselects have decided. */
export function selectionParts(settings: AccountsSettings): Provider[] {
  return [
    SelectionNotes,
    { provide: SelectionStore, useClass: PgSelectionStore },
    {
      provide: SelectionSettings,
      useValue: new SelectionSettings(settings.ACCOUNTS_SELECTION_KEPT_MS),
    },
    {
      provide: SelectionJobs,
      inject: [SelectionNotes],
      useFactory: (notes: SelectionNotes) =>
        new SelectionJobs([
          job('selections', settings.ACCOUNTS_SELECTION_FORGET_INTERVAL_MS, () => notes.forget()),
        ]),
    },
  ];
}
