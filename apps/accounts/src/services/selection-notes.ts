import type { SelectionNote } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { inRounds } from './in-rounds.js';

/** Where the decisions of autoselects lie, for receipts to show. */
export abstract class SelectionStore {
  /** What is there already stays as it is. */
  abstract keep(notes: readonly SelectionNote[]): Promise<void>;
  /** Forgets what is older, up to so many; gives how many there were. */
  abstract forget(keptMs: number, limit: number): Promise<number>;
}

export class SelectionSettings {
  constructor(readonly keptMs: number) {}
}

/** Forgotten in one statement: a few megabytes. */
const forgottenMax = 1_000;

/** Keeps what autoselects have decided, for as long as somebody may ask why. */
@Injectable()
export class SelectionNotes {
  constructor(
    private readonly store: SelectionStore,
    private readonly settings: SelectionSettings,
  ) {}

  keep(notes: readonly SelectionNote[]): Promise<void> {
    return this.store.keep(notes);
  }

  async forget(): Promise<void> {
    await inRounds(forgottenMax, (limit) => this.store.forget(this.settings.keptMs, limit));
  }
}
