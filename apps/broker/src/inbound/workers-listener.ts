import { AskWorkers, subjects } from '@aisbf/contracts';
import { NatsBus } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { toWorkersPages } from '../domain/workers-answer.js';
import { LocalWorkers } from '../services/local-workers.js';
import { Presence } from '../services/presence.js';

/** Other instances ask what this one knows of somebody's workers. */
@Injectable()
export class WorkersListener {
  private subscription: { unsubscribe: () => void } | undefined;

  constructor(
    private readonly bus: NatsBus,
    private readonly workers: LocalWorkers,
    private readonly presence: Presence,
  ) {}

  start(): void {
    const { brokerId } = this.presence;
    this.subscription = this.bus.subscribe(
      subjects.askWorkers(brokerId),
      AskWorkers,
      (question, reply) => {
        if (reply === undefined) return;
        const answer = this.workers.find(question);
        for (const page of toWorkersPages(brokerId, answer)) this.bus.publish(reply, page);
      },
    );
  }

  stop(): void {
    this.subscription?.unsubscribe();
  }
}
