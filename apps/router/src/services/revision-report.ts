import type { CatalogueRevision, Principal } from '@aisbf/contracts';
import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { Replicas } from '../domain/replicas.js';
import { CatalogueEditing } from './catalogue-editing.js';

/** How far the newest revision has come. */
@Injectable()
export class RevisionReport {
  constructor(
    private readonly editing: CatalogueEditing,
    private readonly replicas: Replicas,
    private readonly clock: Clock,
  ) {}

  async of({ role }: Principal): Promise<CatalogueRevision> {
    const { revision } = await this.editing.newest();
    const nowMs = this.clock.nowMs();
    return {
      revision,
      isServedByAll: this.replicas.isServedByAll(revision, nowMs),
      ...(role === 'operator' && { replicas: [...this.replicas.known(nowMs)] }),
    };
  }
}
