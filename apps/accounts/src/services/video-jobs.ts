import { requireOwnPath } from '@aisbf/access';
import type {
  FindVideoJob,
  VideoJobs as JobList,
  KnownVideoJob,
  ListVideoJobs,
  TakeDueVideoJobs,
  VideoJob,
} from '@aisbf/contracts';
import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { faults } from '../domain/faults.js';
import { Identity } from './identity.js';

export class VideoJobSettings {
  constructor(
    /** How long money is held for a film. */
    readonly ttlMs: number,
  ) {}
}

export type VideoJobPage = Pick<ListVideoJobs, 'after' | 'limit' | 'order'>;

/** Where films are kept that are being made. */
export abstract class VideoJobStore {
  /** False where no money is held for it any more. */
  abstract open(job: VideoJob, expiresAtMs: number): Promise<boolean>;
  abstract find(ownerId: string, id: string): Promise<KnownVideoJob | undefined>;
  /** Up to one more than the limit. */
  abstract list(ownerId: string, page: VideoJobPage): Promise<readonly KnownVideoJob[]>;
  abstract takeDue(limit: number, againInMs: number): Promise<readonly KnownVideoJob[]>;
  abstract remove(id: string): Promise<void>;
}

/** Films that are made after their request was answered, with the money that is held for them. */
@Injectable()
export class VideoJobs {
  constructor(
    private readonly store: VideoJobStore,
    private readonly identity: Identity,
    private readonly clock: Clock,
    private readonly settings: VideoJobSettings,
  ) {}

  async open(job: VideoJob): Promise<void> {
    const isOpen = await this.store.open(job, this.clock.nowMs() + this.settings.ttlMs);
    if (!isOpen) throw faults.HOLD_MISSING();
  }

  async find(question: FindVideoJob): Promise<KnownVideoJob> {
    const job = await this.store.find(await this.ownerOf(question), question.id);
    if (!job) throw faults.VIDEO_MISSING();
    return job;
  }

  async list(question: ListVideoJobs): Promise<JobList> {
    const { after, limit, order } = question;
    const found = await this.store.list(await this.ownerOf(question), { after, limit, order });
    return { jobs: found.slice(0, limit), hasMore: found.length > limit };
  }

  async takeDue({ limit, againInMs }: TakeDueVideoJobs): Promise<JobList> {
    return { jobs: [...(await this.store.takeDue(limit, againInMs))], hasMore: false };
  }

  remove(id: string): Promise<void> {
    return this.store.remove(id);
  }

  private async ownerOf(question: FindVideoJob | ListVideoJobs): Promise<string> {
    const { apiToken, pathUsername, clientAddress } = question;
    const principal = await this.identity.require(apiToken, 'inference', clientAddress);
    requireOwnPath(principal, pathUsername);
    return principal.ownerId;
  }
}
