import type { Extend, Extended } from '@aisbf/contracts';

/** The money that is set aside for running requests. */
export abstract class Holds {
  /** Safe to repeat: it names how much there should be in all. Throws a fault where nothing is known of it. */
  abstract extend(request: Extend): Promise<Extended>;
}
