import type { SelectionNote, SelectionRecord } from '@aisbf/contracts';
import { Fault } from '@aisbf/faults';
import { Injectable } from '@nestjs/common';
import { type KeptLimits, keptSelections } from '../domain/kept-selection.js';
import { SelectionEvents } from '../selection-events.js';

/** Where what autoselects have decided is kept with the receipts. */
export abstract class SelectionRecords {
  /** Told again, a note changes nothing. */
  abstract keep(notes: readonly SelectionNote[]): Promise<void>;
}

export class SelectionNoteSettings {
  constructor(
    readonly kept: KeptLimits,
    /** How many requests' decisions wait; beyond it the oldest are not told. */
    readonly waitingMax: number,
  ) {}
}

type Decided = Readonly<{
  requestId: string;
  ownerId: string;
  selections: readonly SelectionRecord[];
}>;

/** Told in one call: within a megabyte, as each is bounded. */
const roundMax = 16;

/**
 * Carries what autoselects have decided to where receipts are kept, behind the requests' backs. No request waits for it, and
 * what a router that dies has not told yet is missing from its receipts.
 */
@Injectable()
export class SelectionNotes {
  private waiting: Decided[] = [];

  constructor(
    private readonly records: SelectionRecords,
    private readonly settings: SelectionNoteSettings,
    private readonly events: SelectionEvents,
  ) {}

  /** Of requests without an autoselect there is nothing to tell. */
  add(decided: Decided): void {
    if (decided.selections.length === 0) return;
    this.waiting.push(decided);
    this.letGo();
  }

  /** Tells all that waits. What cannot be told for the moment waits on. */
  async carry(): Promise<void> {
    while (this.waiting.length > 0) {
      const round = this.waiting.splice(0, roundMax);
      try {
        await this.tell(round.flatMap((one) => this.toNote(one)));
      } catch (error) {
        // Accounts of an older version know of no notes: they wait for the new one.
        if (!(error instanceof Fault && error.kind === 'invalid')) {
          this.waiting = [...round, ...this.waiting];
          this.letGo();
          return this.events.notesWait(error);
        }
        this.events.notesLost('refused', round.length, error);
      }
    }
  }

  private async tell(notes: readonly SelectionNote[]): Promise<void> {
    if (notes.length > 0) await this.records.keep(notes);
  }

  private toNote({ requestId, ownerId, selections }: Decided): SelectionNote[] {
    const kept = keptSelections(selections, this.settings.kept);
    if (kept) return [{ requestId, ownerId, selections: kept }];
    this.events.notesLost('too_large', 1);
    return [];
  }

  private letGo(): void {
    const tooMany = this.waiting.length - this.settings.waitingMax;
    if (tooMany <= 0) return;
    this.waiting = this.waiting.slice(tooMany);
    this.events.notesLost('too_many', tooMany);
  }
}
