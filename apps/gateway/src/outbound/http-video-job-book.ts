import { internalPaths, KnownVideoJob, type VideoJob, VideoJobs } from '@aisbf/contracts';
import type { InternalClient } from '@aisbf/platform';
import type { OnApplicationShutdown } from '@nestjs/common';
import { z } from 'zod';
import {
  VideoJobBook,
  type VideoListQuestion,
  type VideoQuestion,
} from '../services/video-job-book.js';

const Done = z.strictObject({});

/** Accounts, over kept connections. */
export class HttpVideoJobBook extends VideoJobBook implements OnApplicationShutdown {
  constructor(private readonly accounts: InternalClient) {
    super();
  }

  async open(job: VideoJob): Promise<void> {
    const command = { type: 'open-video-job', job };
    await this.accounts.post(internalPaths.accountsOpenVideoJob, command, Done, job.requestId);
  }

  find(question: VideoQuestion): Promise<KnownVideoJob> {
    const request = { type: 'find-video-job', ...question };
    return this.accounts.post(internalPaths.accountsFindVideoJob, request, KnownVideoJob);
  }

  list(question: VideoListQuestion): Promise<VideoJobs> {
    const request = { type: 'list-video-jobs', ...question };
    return this.accounts.post(internalPaths.accountsListVideoJobs, request, VideoJobs);
  }

  async takeDue(limit: number, againInMs: number): Promise<readonly KnownVideoJob[]> {
    const command = { type: 'take-due-video-jobs', limit, againInMs };
    const path = internalPaths.accountsTakeDueVideoJobs;
    return (await this.accounts.post(path, command, VideoJobs)).jobs;
  }

  async remove(id: string): Promise<void> {
    const command = { type: 'remove-video-job', id };
    await this.accounts.post(internalPaths.accountsRemoveVideoJob, command, Done);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.accounts.close();
  }
}
