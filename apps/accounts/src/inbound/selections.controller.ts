import { internalPaths, NoteSelections } from '@aisbf/contracts';
import { parsed } from '@aisbf/platform';
import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { SelectionNotes } from '../services/selection-notes.js';

/** For the routers, which tell what autoselects have decided. */
@Controller()
export class SelectionsController {
  constructor(private readonly notes: SelectionNotes) {}

  @Post(internalPaths.accountsNoteSelections)
  @HttpCode(200)
  async note(@Body(parsed(NoteSelections)) { notes }: NoteSelections) {
    await this.notes.keep(notes);
    return {};
  }
}
