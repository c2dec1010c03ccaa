import { z } from 'zod';
import type { RestRoute } from './rest-route.js';
import { VideoId } from './video-job.js';

/** OpenAI's films, made as jobs. What is described is what the market itself reads; every other field goes along. */
export const CreateVideo = z.looseObject({
  model: z.string().min(1).max(512).describe('A route, as in a chat completion.'),
  prompt: z.string().min(1),
  seconds: z
    .union([z.string(), z.number()])
    .nullish()
    .describe(
      'How long it is to be; 4 where it is not said. Held at the start, charged when it is there.',
    ),
  size: z.string().max(32).nullish(),
});

export const RemixVideo = z.looseObject({ prompt: z.string().min(1) });

export const Video = z.looseObject({
  id: VideoId,
  object: z.literal('video'),
  status: z
    .string()
    .describe('`completed`: it is there, and paid for. `failed`: it never will be.'),
  remixed_from_video_id: VideoId.nullable(),
});

export const Videos = z.strictObject({
  object: z.literal('list'),
  data: z.array(Video),
  first_id: VideoId.nullable(),
  last_id: VideoId.nullable(),
  has_more: z.boolean(),
});

export const DeletedVideo = z.strictObject({
  id: VideoId,
  object: z.literal('video.deleted'),
  deleted: z.literal(true),
});

const inference = { credential: 'inference' } as const;
const byId = { ...inference, pathParameters: { id: VideoId } };

export const videoRoutes: readonly RestRoute[] = [
  {
    method: 'post',
    path: '/v1/videos',
    operationId: 'createVideo',
    summary: 'Ask for a film',
    description:
      'Also as a form, with a picture as `input_reference`. It is paid for when it is there.',
    ...inference,
    request: CreateVideo,
    answer: { status: 200, schema: Video },
  },
  {
    method: 'get',
    path: '/v1/videos',
    operationId: 'listVideos',
    summary: "One's films",
    ...inference,
    query: z.strictObject({
      after: VideoId.optional(),
      limit: z.int().min(1).max(100).optional(),
      order: z.enum(['asc', 'desc']).optional(),
    }),
    answer: { status: 200, schema: Videos },
  },
  {
    method: 'get',
    path: '/v1/videos/{id}',
    operationId: 'getVideo',
    summary: 'How far a film is',
    ...byId,
    answer: { status: 200, schema: Video },
  },
  {
    method: 'get',
    path: '/v1/videos/{id}/content',
    operationId: 'getVideoContent',
    summary: 'The film itself, or a `Range` of it',
    ...byId,
    query: z.strictObject({ variant: z.enum(['video', 'thumbnail', 'spritesheet']).optional() }),
    answer: { status: 200, isFile: true },
  },
  {
    method: 'post',
    path: '/v1/videos/{id}/remix',
    operationId: 'remixVideo',
    summary: 'Ask for another film made of one that is there',
    ...byId,
    request: RemixVideo,
    answer: { status: 200, schema: Video },
  },
  {
    method: 'delete',
    path: '/v1/videos/{id}',
    operationId: 'deleteVideo',
    summary: 'Remove a film that is there, or failed',
    ...byId,
    answer: { status: 200, schema: DeletedVideo },
  },
];

/** What answers name in place of a worker's own addresses: opened by nobody but whoever has been given it. */
const MediaId = z
  .string()
  .regex(/^[\w-]{1,2048}$/)
  .describe('As it stands in the answer that names it. It is a secret, and expires.');

export const mediaRoutes: readonly RestRoute[] = [
  {
    method: 'get',
    path: '/v1/media/{id}',
    operationId: 'getMedia',
    summary: 'A file that a worker has made and an answer has named, or a `Range` of it',
    description:
      'Whoever has the address may have the file, without an API token, until it expires and as long as the worker is there. 404 `media_missing` after that, and of what never was.',
    credential: 'nobody',
    pathParameters: { id: MediaId },
    answer: { status: 200, isFile: true },
  },
];

export const videoRequests = { CreateVideo, RemixVideo };
export const videoAnswers = { Video, Videos, DeletedVideo };
