import type { KnownVideoJob } from '@aisbf/contracts';
import { Fault } from '@aisbf/faults';
import { readUpstreamVideo, type UpstreamVideo } from '@aisbf/openai';
import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { faults } from '../domain/faults.js';
import { newVideoId, toVideo, videoPath, videoSettlement } from '../domain/video.js';
import type { Work } from '../domain/work.js';
import { readWhole } from './answer-relay.js';
import type { DeferredAnswer } from './deferred-answer.js';
import { makerOf, type WorkerPlace } from './media-links.js';
import { Settlements } from './settlements.js';
import type { UpstreamAnswer } from './upstream.js';
import { VideoJobBook, type VideoListQuestion, type VideoQuestion } from './video-job-book.js';
import { type Visit, Visits } from './visits.js';

export class VideoLimits {
  constructor(
    /** How long whoever makes a film may take to say how far it is. */
    readonly lookMsMax: number,
    /** More is not said of a film. */
    readonly lookBytesMax: number,
  ) {}
}

/**
 * Films that are made after their request was answered. The one thing that is paid for is the film: whoever is the first
 * to hear that it is there settles its request, before anybody is told of it. The ledger counts the first word, and what it
 * has counted is what everybody is told from then on.
 */
@Injectable()
export class Videos {
  constructor(
    private readonly book: VideoJobBook,
    private readonly visits: Visits,
    private readonly settlements: Settlements,
    private readonly clock: Clock,
    private readonly limits: VideoLimits,
  ) {}

  /** Notes who makes a film, and what its buyer is told of it. */
  async take(
    { body, plan, position, candidate, units }: DeferredAnswer,
    { request }: Work,
    remixedFrom: string | null,
  ): Promise<Buffer> {
    const upstream = readUpstreamVideo(body.toString());
    if (!upstream) throw faults.MAKER_AWAY();
    const { size } = request.body;
    const job: KnownVideoJob = {
      id: newVideoId(),
      requestId: plan.requestId,
      holdEpoch: plan.holdEpoch,
      servedPosition: position,
      providerId: candidate.providerId,
      clientId: makerOf(candidate).clientId,
      model: candidate.model,
      upstreamId: upstream.id,
      route: request.model,
      units,
      seconds: request.output?.max ?? 0,
      size: typeof size === 'string' ? size : null,
      remixedFrom,
      state: 'running',
      createdAtMs: this.clock.nowMs(),
      endedAtMs: null,
    };
    const { state: _state, createdAtMs: _created, endedAtMs: _ended, ...opened } = job;
    await this.book.open(opened);
    return Buffer.from(JSON.stringify(toVideo(job, { ...upstream, progress: 'running' })));
  }

  /** Where it is made stands beside it, since its maker's words may name files that lie there. */
  async show(question: VideoQuestion): Promise<Readonly<{ video: object; place: WorkerPlace }>> {
    const { job, upstream } = await this.known(question);
    return { video: toVideo(job, upstream), place: placeOf(job) };
  }

  async list(question: VideoListQuestion): Promise<object> {
    const { jobs, hasMore } = await this.book.list(question);
    return {
      object: 'list',
      data: jobs.map((job) => toVideo(job)),
      first_id: jobs[0]?.id ?? null,
      last_id: jobs.at(-1)?.id ?? null,
      has_more: hasMore,
    };
  }

  /** The film itself, or a part of it; only of one that is paid for. */
  async content(
    question: VideoQuestion,
    wanted: Readonly<{ search: string; range?: string; signal: AbortSignal }>,
  ): Promise<UpstreamAnswer> {
    const job = await this.made(question);
    const { search, range, signal } = wanted;
    const path = videoPath(job, `/content${search}`);
    const visit: Visit = { place: placeOf(job), method: 'GET', path, signal };
    const answer = await this.visits.ask(range === undefined ? visit : { ...visit, range });
    if (answer.status < 300 || answer.status === 416) return answer;
    answer.dismiss();
    throw faults.VIDEO_GONE();
  }

  /** One that is there, to make another of. */
  async made(question: VideoQuestion): Promise<KnownVideoJob> {
    const found = await this.book.find(question);
    const { job } = found.state === 'running' ? await this.known(question) : { job: found };
    if (job.state === 'completed') return job;
    throw job.state === 'failed' ? faults.VIDEO_FAILED() : faults.VIDEO_NOT_READY();
  }

  async remove(question: VideoQuestion): Promise<object> {
    const { job } = await this.known(question);
    if (job.state === 'running') throw faults.VIDEO_NOT_READY();
    const answer = await this.visits.ask({
      place: placeOf(job),
      method: 'DELETE',
      path: videoPath(job),
      signal: this.patience(),
    });
    answer.dismiss();
    await this.book.remove(job.id);
    return { id: job.id, object: 'video.deleted', deleted: true };
  }

  /** Looks how far a film is. True where its request has ended by that. */
  async look(
    job: KnownVideoJob,
  ): Promise<Readonly<{ upstream?: UpstreamVideo; hasEnded: boolean }>> {
    const upstream = await this.hear(job);
    const progress = upstream?.progress ?? 'failed';
    const hasEnded = job.state === 'running' && progress !== 'running';
    if (hasEnded) {
      await this.settlements.settleNow(videoSettlement(job, progress, this.clock.nowMs()));
    }
    return { ...(upstream && { upstream }), hasEnded };
  }

  private async known(question: VideoQuestion) {
    const job = await this.book.find(question);
    if (job.state === 'failed') return { job };
    try {
      const { upstream, hasEnded } = await this.look(job);
      return { job: hasEnded ? await this.book.find(question) : job, upstream };
    } catch (error) {
      // Of one that is paid for, enough is known without whoever made it.
      if (job.state === 'running' || !(error instanceof Fault)) throw error;
      return { job };
    }
  }

  /** What its maker says; undefined where it knows of no such film, and so will never make it. */
  private async hear(job: KnownVideoJob): Promise<UpstreamVideo | undefined> {
    const answer = await this.visits.ask({
      place: placeOf(job),
      method: 'GET',
      path: videoPath(job),
      signal: this.patience(),
    });
    try {
      if (answer.status === 404 || answer.status === 410) return undefined;
      if (answer.status >= 300) throw faults.MAKER_AWAY();
      const text = await readWhole(answer.body, this.limits.lookBytesMax, () => undefined);
      const upstream = text && readUpstreamVideo(text.toString());
      if (!upstream) throw faults.MAKER_AWAY();
      return upstream;
    } finally {
      answer.dismiss();
    }
  }

  private patience(): AbortSignal {
    return AbortSignal.timeout(this.limits.lookMsMax);
  }
}

function placeOf({ providerId, clientId, model }: KnownVideoJob): WorkerPlace {
  return { providerId, clientId, model };
}
