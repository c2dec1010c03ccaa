import type { Provider } from '@nestjs/common';
import type { RouterSettings } from './config.js';
import { SelectionTending, SelectionTendingSettings } from './inbound/selection-tending.js';
import { HttpSelectionRecords } from './outbound/http-selection-records.js';
import { SelectionEvents } from './selection-events.js';
import {
  SelectionNoteSettings,
  SelectionNotes,
  SelectionRecords,
} from './services/selection-notes.js';

/** The parts of the service that tell what autoselects have decided. */
export function selectionParts(settings: RouterSettings): Provider[] {
  const kept = {
    candidatesMax: settings.ROUTER_SELECTION_NOTE_CANDIDATES,
    bytesMax: settings.ROUTER_SELECTION_NOTE_BYTES_MAX,
  };
  return [
    SelectionNotes,
    SelectionTending,
    SelectionEvents,
    { provide: SelectionRecords, useClass: HttpSelectionRecords },
    {
      provide: SelectionNoteSettings,
      useValue: new SelectionNoteSettings(kept, settings.ROUTER_SELECTION_NOTES_MAX),
    },
    {
      provide: SelectionTendingSettings,
      useValue: new SelectionTendingSettings(settings.ROUTER_SELECTION_NOTES_INTERVAL_MS),
    },
  ];
}
