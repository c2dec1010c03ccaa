import type { CallOutcome } from '../domain/call-outcome.js';
import { type InFlightWindow, onBusy, onServed, openWindow } from '../domain/in-flight-window.js';
import {
  type ModelFigures,
  RollingFigures,
  type TogetherFigures,
} from '../domain/rolling-figures.js';

/** Endpoints that a worker may be remembered not to serve: there are not many more. */
const unservedMax = 64;

/** What this broker has itself seen of one worker: how much it takes at once, and how well it serves. */
export class SessionMeasure {
  private readonly rolling = new RollingFigures();
  private window: InFlightWindow;
  private readonly unserved = new Set<string>();

  constructor(private readonly inFlightLimitMax: number) {
    this.window = openWindow(inFlightLimitMax);
  }

  /** For a worker that names no number itself. */
  get inFlightMax(): number {
    return this.window.limit;
  }

  /** `inFlight` counts the request that has just ended. */
  take(outcome: CallOutcome, inFlight: number, nowMs: number): void {
    const { type, path, model, begunAtMs, figures } = outcome;
    if (type === 'unserved') {
      if (this.unserved.size < unservedMax) this.unserved.add(path);
      return;
    }
    if (type === 'busy') this.window = onBusy(this.window, { begunAtMs, inFlight }, nowMs);
    if (type === 'served') this.window = onServed(this.window, inFlight, this.inFlightLimitMax);
    if (model !== undefined) this.rolling.add(model, figures);
  }

  /** It has said that it does not serve this path. */
  isUnserved(path: string): boolean {
    return this.unserved.has(path);
  }

  /** It has introduced itself anew, and may serve more than before. */
  forgetUnserved(): void {
    this.unserved.clear();
  }

  /** Of all models; undefined before the first request has ended. */
  together(): TogetherFigures | undefined {
    return this.rolling.together();
  }

  figures(): readonly ModelFigures[] {
    return this.rolling.summary();
  }
}
