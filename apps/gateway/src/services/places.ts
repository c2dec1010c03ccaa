import type { LocatedPlace, LocatePlace } from '@aisbf/contracts';

/** Where somebody is found again who was asked before. */
export abstract class Places {
  abstract locate(place: Omit<LocatePlace, 'type'>): Promise<LocatedPlace>;
}
