import { internalPaths, LocatedPlace, type LocatePlace } from '@aisbf/contracts';
import type { InternalClient } from '@aisbf/platform';
import type { OnApplicationShutdown } from '@nestjs/common';
import { Places } from '../services/places.js';

/** The router knows who is connected. */
export class HttpPlaces extends Places implements OnApplicationShutdown {
  constructor(private readonly router: InternalClient) {
    super();
  }

  locate(place: Omit<LocatePlace, 'type'>): Promise<LocatedPlace> {
    const question = { type: 'locate-place', ...place };
    return this.router.post(internalPaths.routerLocate, question, LocatedPlace);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.router.close();
  }
}
