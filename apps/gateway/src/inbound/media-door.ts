import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { safeFileHeaders } from '../domain/safe-file.js';
import { MediaLinks } from '../services/media-links.js';
import type { Params } from './buyer-request.js';
import { FileDoor, rangeOf } from './file-door.js';

/** Files that answers name. Whoever has the address may have the file, as long as it is good. */
@Injectable()
export class MediaDoor {
  constructor(
    private readonly files: FileDoor,
    private readonly links: MediaLinks,
    private readonly clock: Clock,
  ) {}

  addTo(scope: FastifyInstance): void {
    scope.get('/media/*', { exposeHeadRoute: false }, (request, reply) =>
      this.give(request, reply),
    );
  }

  private give(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const id = (request.params as Params)['*'] ?? '';
    let secondsLeft = 0;
    return this.files.serve(
      reply,
      async (signal) => {
        const { answer, expiresAtMs } = await this.links.open(id, { ...rangeOf(request), signal });
        secondsLeft = Math.max(0, Math.floor((expiresAtMs - this.clock.nowMs()) / 1000));
        return answer;
      },
      ({ contentType, disposition }) => ({
        ...safeFileHeaders(contentType, disposition),
        'cache-control': `private, max-age=${secondsLeft}`,
        'referrer-policy': 'no-referrer',
      }),
    );
  }
}
