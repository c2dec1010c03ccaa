import { internalPaths, type NoteSelections, type SelectionNote } from '@aisbf/contracts';
import { InternalClient } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { SelectionRecords } from '../services/selection-notes.js';

/** Accounts, over kept connections. */
@Injectable()
export class HttpSelectionRecords extends SelectionRecords {
  constructor(private readonly client: InternalClient) {
    super();
  }

  async keep(notes: readonly SelectionNote[]): Promise<void> {
    const message: NoteSelections = { type: 'note-selections', notes: [...notes] };
    await this.client.post(internalPaths.accountsNoteSelections, message, z.object({}));
  }
}
