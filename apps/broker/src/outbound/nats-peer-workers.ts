import { type AskWorkers, subjects, WorkersPage } from '@aisbf/contracts';
import type { NatsBus } from '@aisbf/platform';
import { fromWorkersPages, type WorkersAnswer } from '../domain/workers-answer.js';
import { PeerWorkers } from '../services/all-workers.js';
import type { WorkersQuestion } from '../services/local-workers.js';

export class NatsPeerWorkers extends PeerWorkers {
  constructor(
    private readonly bus: NatsBus,
    private readonly waitMs: number,
  ) {
    super();
  }

  override async find(brokerId: string, question: WorkersQuestion): Promise<WorkersAnswer> {
    const asked: AskWorkers = { type: 'ask-workers', ...question };
    const pages = await this.bus.ask(subjects.askWorkers(brokerId), asked, WorkersPage, {
      waitMs: this.waitMs,
      // They come over one connection, so in order.
      isLast: ({ page, pages }) => page === pages - 1,
    });
    return fromWorkersPages(pages);
  }
}
