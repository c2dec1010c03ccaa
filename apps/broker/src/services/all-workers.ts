import { Injectable } from '@nestjs/common';
import { LivePeers } from '../domain/live-peers.js';
import { joinAnswers, mayView, type WorkersAnswer } from '../domain/workers-answer.js';
import { BrokerEvents } from '../events.js';
import { LocalWorkers, type WorkersQuestion } from './local-workers.js';

/** The other instances. */
export abstract class PeerWorkers {
  /** What that instance knows of somebody's workers. Rejects where it does not answer in time. */
  abstract find(brokerId: string, question: WorkersQuestion): Promise<WorkersAnswer>;
}

/** `incomplete`: the instances that have not answered, whose part is missing. */
export type GatheredWorkers = WorkersAnswer &
  Readonly<{ answeredBy: string; incomplete: readonly string[] }>;

/** What all instances know of somebody's workers, each asked at the moment of the question. */
@Injectable()
export class AllWorkers {
  constructor(
    private readonly local: LocalWorkers,
    private readonly peers: LivePeers,
    private readonly peerWorkers: PeerWorkers,
    private readonly events: BrokerEvents,
  ) {}

  async find(question: WorkersQuestion): Promise<GatheredWorkers> {
    const incomplete: string[] = [];
    const ask = async (brokerId: string): Promise<readonly WorkersAnswer[]> => {
      try {
        return [own(question, await this.peerWorkers.find(brokerId, question))];
      } catch (error) {
        this.events.peerUnanswered(brokerId, error);
        incomplete.push(brokerId);
        return [];
      }
    };
    const others = await Promise.all(this.peers.living().map(ask));
    const answers = [this.local.find(question), ...others.flat()];
    const { brokerId: answeredBy } = this.local;
    return { ...joinAnswers(answers), answeredBy, incomplete: incomplete.sort() };
  }
}

/** The other instance has looked whose they are; so do we, before anybody sees them. */
function own({ viewer }: WorkersQuestion, answer: WorkersAnswer): WorkersAnswer {
  const sessions = answer.sessions.filter((session) => mayView(viewer, session));
  const events = answer.events.filter((event) => mayView(viewer, event));
  const isOwn = sessions.length === answer.sessions.length;
  return { count: isOwn ? answer.count : sessions.length, sessions, events };
}
