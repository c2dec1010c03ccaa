import type { CallOutcome } from '../domain/call-outcome.js';
import { type InFlightWindow, onBusy, onServed, openWindow } from '../domain/in-flight-window.js';
import { type ModelFigures, RollingFigures } from '../domain/rolling-figures.js';

/** What this broker has itself seen of one worker: how much it takes at once, and how well it serves. */
export class SessionMeasure {
  private readonly rolling = new RollingFigures();
  private window: InFlightWindow;

  constructor(private readonly inFlightLimitMax: number) {
    this.window = openWindow(inFlightLimitMax);
  }

  /** For a worker that names no number itself. */
  get inFlightMax(): number {
    return this.window.limit;
  }

  /** `inFlight` counts the request that has just ended. */
  take(outcome: CallOutcome, inFlight: number, nowMs: number): void {
    const { type, model, begunAtMs, figures } = outcome;
    if (type === 'busy') this.window = onBusy(this.window, { begunAtMs, inFlight }, nowMs);
    if (type === 'served') this.window = onServed(this.window, inFlight, this.inFlightLimitMax);
    if (model !== undefined) this.rolling.add(model, figures);
  }

  figures(): readonly ModelFigures[] {
    return this.rolling.summary();
  }
}
