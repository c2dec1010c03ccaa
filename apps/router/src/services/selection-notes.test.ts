import { AutoselectDefinition, type SelectionNote } from '@aisbf/contracts';
import { defineFaults } from '@aisbf/faults';
import { createLog, Metrics } from '@aisbf/platform';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { select } from '../domain/selection.js';
import { SelectionEvents } from '../selection-events.js';
import { SelectionNoteSettings, SelectionNotes, SelectionRecords } from './selection-notes.js';

const faults = defineFaults({
  AWAY: ['unavailable', 'Not there.'],
  UNREADABLE: ['invalid', 'Not read.'],
  UNKNOWN: ['missing', 'Not known here.'],
});
const record = select(
  'global/cheap',
  AutoselectDefinition.parse({ otherwise: [{}] }),
  { signals: null, promptTokens: 1 },
  () => [],
);
const decided = (requestId: string) => ({ requestId, ownerId: 'owner', selections: [record] });

class Kept extends SelectionRecords {
  readonly rounds: string[][] = [];
  trouble: Error | undefined;

  override async keep(notes: readonly SelectionNote[]): Promise<void> {
    if (this.trouble) throw this.trouble;
    this.rounds.push(notes.map(({ requestId }) => requestId));
  }
}

let kept: Kept;
let metrics: Metrics;
let settings: SelectionNoteSettings;
let events: SelectionEvents;
let notes: SelectionNotes;

beforeEach(() => {
  kept = new Kept();
  metrics = new Metrics('router');
  settings = new SelectionNoteSettings({ candidatesMax: 4, bytesMax: 10_000 }, 20);
  events = new SelectionEvents(createLog('test', 'silent'), metrics);
  notes = new SelectionNotes(kept, settings, events);
});

const lost = async (reason: string) =>
  new RegExp(`selection_notes_lost_total\\{[^}]*reason="${reason}"[^}]*\\} (\\d+)`).exec(
    await metrics.registry.metrics(),
  )?.[1];

describe(SelectionNotes, () => {
  it('tells nothing of requests without an autoselect', async () => {
    notes.add({ ...decided('plain'), selections: [] });
    await notes.carry();
    expect(kept.rounds).toEqual([]);
  });

  it('tells all that waits, in rounds, in their order and once', async () => {
    for (let at = 0; at < 20; at += 1) notes.add(decided(`r${at}`));
    await notes.carry();
    await notes.carry();
    expect(kept.rounds.map(({ length }) => length)).toEqual([16, 4]);
    expect(kept.rounds.flat()).toEqual(Array.from({ length: 20 }, (_, at) => `r${at}`));
  });

  it.each([faults.AWAY(), faults.UNKNOWN(), new Error('a line that broke')])(
    'keeps waiting what cannot be told for the moment: %s',
    async (trouble) => {
      kept.trouble = trouble;
      notes.add(decided('early'));
      await notes.carry();
      notes.add(decided('late'));
      kept.trouble = undefined;
      await notes.carry();
      expect(kept.rounds).toEqual([['early', 'late']]);
    },
  );

  it('lets the oldest go where too many wait, and counts them', async () => {
    for (let at = 0; at < 23; at += 1) notes.add(decided(`r${at}`));
    await notes.carry();
    expect(kept.rounds.flat()[0]).toBe('r3');
    expect(await lost('too_many')).toBe('3');
  });

  it('goes on behind what is refused for good, and counts it', async () => {
    kept.trouble = faults.UNREADABLE();
    notes.add(decided('odd'));
    await notes.carry();
    kept.trouble = undefined;
    notes.add(decided('fine'));
    await notes.carry();
    expect(kept.rounds).toEqual([['fine']]);
    expect(await lost('refused')).toBe('1');
  });

  it('does not tell what is too large, and counts it', async () => {
    settings = new SelectionNoteSettings({ candidatesMax: 4, bytesMax: 10 }, 20);
    notes = new SelectionNotes(kept, settings, events);
    notes.add(decided('large'));
    await notes.carry();
    expect(kept.rounds).toEqual([]);
    expect(await lost('too_large')).toBe('1');
  });
});
