import { setting } from '@aisbf/platform';

/** What receipts tell of the decisions of autoselects. */
export const selectionSettings = {
  ROUTER_SELECTION_NOTE_CANDIDATES: setting.integer(
    16,
    1,
    256,
    'Candidates of each selection that a receipt tells of, and as many of those that were left out: about 0.5 KB each.',
  ),
  ROUTER_SELECTION_NOTE_BYTES_MAX: setting.sizeBytes(
    65_536,
    'What a receipt tells of autoselects takes no more; where it would, fewer candidates are told.',
  ),
  ROUTER_SELECTION_NOTES_MAX: setting.integer(
    10_000,
    1,
    1_000_000,
    'Requests whose decisions wait to be told, while accounts is away; beyond it the oldest are not told.',
  ),
  ROUTER_SELECTION_NOTES_INTERVAL_MS: setting.durationMs(
    250,
    'How often decisions are told: so long after a request its receipt may still lack them.',
  ),
};
