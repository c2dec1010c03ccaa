import type {
  FindVideoJob,
  KnownVideoJob,
  ListVideoJobs,
  VideoJob,
  VideoJobs,
} from '@aisbf/contracts';

export type VideoQuestion = Omit<FindVideoJob, 'type'>;
export type VideoListQuestion = Omit<ListVideoJobs, 'type'>;

/** Where it is kept who makes which film, and whose it is. */
export abstract class VideoJobBook {
  abstract open(job: VideoJob): Promise<void>;
  /** Throws where it is not the asker's. */
  abstract find(question: VideoQuestion): Promise<KnownVideoJob>;
  abstract list(question: VideoListQuestion): Promise<VideoJobs>;
  /** Those that nobody has looked at for a while. */
  abstract takeDue(limit: number, againInMs: number): Promise<readonly KnownVideoJob[]>;
  abstract remove(id: string): Promise<void>;
}
