import { Readable } from 'node:stream';
import { VideoId } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { faults } from '../domain/faults.js';
import { safeFileHeaders } from '../domain/safe-file.js';
import { readRemix, readVideoForm, readVideoJson } from '../domain/video-work.js';
import type { Work } from '../domain/work.js';
import { MediaLinks } from '../services/media-links.js';
import type { VideoQuestion } from '../services/video-job-book.js';
import { Videos } from '../services/videos.js';
import { apiTokenOf, invalidBody, originOf, textOf, usernameOf } from './buyer-request.js';
import { FileDoor, rangeOf } from './file-door.js';
import { FormDoor } from './form-door.js';
import { InferenceDoor, valid } from './inference-door.js';

type Query = { after?: string; limit?: string; order?: string; variant?: string };

const listedMax = 100;
const listedDefault = 20;

/** OpenAI's films: jobs that are asked for, looked at and fetched. */
@Injectable()
export class VideoDoor {
  constructor(
    private readonly door: InferenceDoor,
    private readonly forms: FormDoor,
    private readonly files: FileDoor,
    private readonly videos: Videos,
    private readonly links: MediaLinks,
  ) {}

  /** To a scope that takes forms apart while they come. */
  addTo(scope: FastifyInstance): void {
    const noHead = { exposeHeadRoute: false };
    scope.post('/videos', (request, reply) => this.create(request, reply));
    scope.get('/videos', noHead, (request) => this.videos.list(listOf(request)));
    scope.get('/videos/:id', noHead, (request, reply) => this.show(request, reply));
    scope.get('/videos/:id/content', noHead, (request, reply) => this.content(request, reply));
    scope.delete('/videos/:id', (request) => this.videos.remove(questionOf(request)));
    scope.post('/videos/:id/remix', (request, reply) => this.remix(request, reply));
  }

  private create(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    apiTokenOf(request);
    const terms = this.door.readingTerms(request);
    const serve = (read: () => Work | Promise<Work>) =>
      this.door.serve(request, reply, read, {
        take: (answer, work) => this.videos.take(answer, work, null),
      });
    const { body } = request;
    return body instanceof Readable
      ? this.forms.receive(request, (form) =>
          serve(async () => valid(readVideoForm(form, await this.forms.contentsOf(form), terms))),
        )
      : serve(() => valid(readVideoJson(textOf(body), terms)));
  }

  private async show(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { video, place } = await this.videos.show(questionOf(request));
    const text = JSON.stringify(video);
    const turned = this.links.turnFor(place, originOf(request))?.(text) ?? text;
    return reply.type('application/json').send(turned);
  }

  private async remix(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const job = await this.videos.made(questionOf(request));
    const terms = this.door.readingTerms(request);
    return this.door.serve(
      request,
      reply,
      () => valid(readRemix(job, textOf(request.body), terms)),
      { take: (answer, work) => this.videos.take(answer, work, job.id) },
    );
  }

  private content(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const question = questionOf(request);
    const { variant } = request.query as Query;
    const isVariant = variant === undefined || /^[a-z_]{1,32}$/.test(variant);
    if (!isVariant) throw invalidQuery('variant', 'video, thumbnail or spritesheet');
    const search = variant === undefined ? '' : `?variant=${variant}`;
    return this.files.serve(
      reply,
      (signal) => this.videos.content(question, { search, ...rangeOf(request), signal }),
      ({ contentType, disposition }) => safeFileHeaders(contentType, disposition),
    );
  }
}

function askerOf(request: FastifyRequest) {
  return {
    apiToken: apiTokenOf(request),
    pathUsername: usernameOf(request),
    clientAddress: request.ip,
  };
}

/** What cannot be an id is nobody's. */
function questionOf(request: FastifyRequest): VideoQuestion {
  const asker = askerOf(request);
  const id = VideoId.safeParse((request.params as { id?: string }).id);
  if (!id.success) throw faults.VIDEO_MISSING();
  return { ...asker, id: id.data };
}

function listOf(request: FastifyRequest) {
  const { after, limit = String(listedDefault), order = 'desc' } = request.query as Query;
  const count = Number(limit);
  const isCount = Number.isInteger(count) && count >= 1 && count <= listedMax;
  if (!isCount) throw invalidQuery('limit', `a whole number from 1 to ${listedMax}`);
  if (order !== 'asc' && order !== 'desc') throw invalidQuery('order', 'asc or desc');
  const last = after === undefined ? null : VideoId.safeParse(after).data;
  if (last === undefined) throw invalidQuery('after', 'the id of a film');
  return { ...askerOf(request), after: last, limit: count, order } as const;
}

function invalidQuery(param: string, what: string) {
  return invalidBody({ code: 'invalid_type', message: `'${param}' must be ${what}.`, param });
}
