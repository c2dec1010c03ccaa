import { heartbeatRequestFrame } from '@aisbf/broker-protocol';
import type { WorkerSocket } from './worker-socket.js';

type PulseLimits = Readonly<{
  pingIntervalMs: number;
  heartbeatIntervalMs: number;
  unreadablePerMinuteMax: number;
  controlPerMinuteMax: number;
}>;

const minuteMs = 60_000;

/** What a session does at intervals so that neither side takes the other for dead, and its count of frames that harm. */
export class SessionPulse {
  heardAtMs: number;
  private nextPingAtMs: number;
  private nextHeartbeatAtMs: number;
  private unreadableAtMs: readonly number[] = [];
  private control = { sinceMs: 0, count: 0 };

  /** `phase`, 0 to 1, spreads the sessions that came together. */
  constructor(
    private readonly socket: WorkerSocket,
    private readonly limits: PulseLimits,
    nowMs: number,
    phase: number,
  ) {
    this.heardAtMs = nowMs;
    this.nextPingAtMs = nowMs + phase * limits.pingIntervalMs;
    this.nextHeartbeatAtMs = nowMs + (0.5 + phase / 2) * limits.heartbeatIntervalMs;
  }

  /** Heartbeats are frames, so they go to those only who have introduced themselves. */
  visit(nowMs: number, isRegistered: boolean): void {
    if (nowMs >= this.nextPingAtMs) {
      this.nextPingAtMs = nowMs + this.limits.pingIntervalMs;
      this.socket.ping();
    }
    if (!isRegistered || nowMs < this.nextHeartbeatAtMs) return;
    this.nextHeartbeatAtMs = nowMs + this.limits.heartbeatIntervalMs;
    this.socket.send(heartbeatRequestFrame(`hb-${nowMs}`));
  }

  /** Counts a register or heartbeat; true where it was one too many. */
  isControlOnceMore(nowMs: number): boolean {
    if (nowMs - this.control.sinceMs >= minuteMs) this.control = { sinceMs: nowMs, count: 0 };
    this.control.count += 1;
    return this.control.count > this.limits.controlPerMinuteMax;
  }

  /** Counts one that could not be read; true where it was one too many. */
  isUnreadableOnceMore(nowMs: number): boolean {
    const recent = this.unreadableAtMs.filter((timeMs) => timeMs > nowMs - minuteMs);
    this.unreadableAtMs = [...recent, nowMs];
    return this.unreadableAtMs.length >= this.limits.unreadablePerMinuteMax;
  }
}
