import { Injectable } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import { studioAreas } from '../domain/studio-work.js';
import { InferenceDoor } from './inference-door.js';
import { MediaDoor } from './media-door.js';
import { VideoDoor } from './video-door.js';

/** Films, the files that answers name, and whatever else workers have below these areas. */
@Injectable()
export class StudioRoutes {
  constructor(
    private readonly door: InferenceDoor,
    private readonly videos: VideoDoor,
    private readonly media: MediaDoor,
  ) {}

  /** To a scope that takes forms apart while they come. */
  addTo(scope: FastifyInstance): void {
    this.media.addTo(scope);
    this.videos.addTo(scope);
    const addresses = [...studioAreas.keys()].flatMap((area) => [`/${area}`, `/${area}/*`]);
    for (const url of addresses.filter((one) => one !== '/videos')) {
      scope.route({
        method: ['GET', 'POST', 'DELETE'],
        url,
        exposeHeadRoute: false,
        handler: (request, reply) => this.door.serveStudio(request, reply),
      });
    }
  }
}
