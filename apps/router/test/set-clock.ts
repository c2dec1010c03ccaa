import { Clock } from '@aisbf/platform';

/** A clock that stands until a test sets it. */
export class SetClock extends Clock {
  constructor(private ms = Date.now()) {
    super();
  }

  nowMs(): number {
    return this.ms;
  }

  set(ms: number): void {
    this.ms = ms;
  }

  pass(ms: number): void {
    this.ms += ms;
  }
}
