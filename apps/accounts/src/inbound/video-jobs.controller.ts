import {
  FindVideoJob,
  internalPaths,
  ListVideoJobs,
  OpenVideoJob,
  RemoveVideoJob,
  TakeDueVideoJobs,
} from '@aisbf/contracts';
import { parsed } from '@aisbf/platform';
import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { VideoJobs } from '../services/video-jobs.js';

/** Films that are being made; for our own services. */
@Controller()
export class VideoJobsController {
  constructor(private readonly jobs: VideoJobs) {}

  @Post(internalPaths.accountsOpenVideoJob)
  @HttpCode(200)
  async open(@Body(parsed(OpenVideoJob)) { job }: OpenVideoJob) {
    await this.jobs.open(job);
    return {};
  }

  @Post(internalPaths.accountsFindVideoJob)
  @HttpCode(200)
  find(@Body(parsed(FindVideoJob)) question: FindVideoJob) {
    return this.jobs.find(question);
  }

  @Post(internalPaths.accountsListVideoJobs)
  @HttpCode(200)
  list(@Body(parsed(ListVideoJobs)) question: ListVideoJobs) {
    return this.jobs.list(question);
  }

  @Post(internalPaths.accountsTakeDueVideoJobs)
  @HttpCode(200)
  takeDue(@Body(parsed(TakeDueVideoJobs)) command: TakeDueVideoJobs) {
    return this.jobs.takeDue(command);
  }

  @Post(internalPaths.accountsRemoveVideoJob)
  @HttpCode(200)
  async remove(@Body(parsed(RemoveVideoJob)) { id }: RemoveVideoJob) {
    await this.jobs.remove(id);
    return {};
  }
}
