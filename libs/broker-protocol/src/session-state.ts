import { type CloseCode, closeCodes } from './close-code.js';

/**
 * The life of one worker connection, as its broker sees it.
 *
 * - `greeting`: the socket is open and the identity is known, no `register` has been accepted yet; no work
 * - `serving`: takes work while it has room
 * - `suspect`: has been silent for a while; gets nothing new until it speaks, what it has goes on
 * - `draining`: the broker is leaving; finishes what it has, takes nothing new
 * - `closed`: final; whatever was in flight has failed
 */
export type SessionState =
  | Readonly<{ name: 'greeting'; openedAtMs: number }>
  | Readonly<{ name: 'serving' }>
  | Readonly<{ name: 'suspect' }>
  | Readonly<{ name: 'draining' }>
  | Readonly<{ name: 'closed'; code: CloseCode; reason: CloseReason }>;

export type CloseReason =
  | 'worker_left'
  | 'register_timeout'
  | 'silent'
  | 'unreadable_frames'
  | 'oversized_frame'
  /** It sends but does not read what it is sent. */
  | 'not_reading'
  /** It registers or beats far more often than anything could have changed. */
  | 'flooding'
  | 'superseded'
  | 'revoked'
  | 'drained';

export type SessionEvent =
  | Readonly<{ type: 'register-accepted' }>
  /** Any frame, ping or pong has come. */
  | Readonly<{ type: 'heard' }>
  /** Sent to every session about once a second. */
  | Readonly<{ type: 'time-passed'; nowMs: number; heardAtMs: number }>
  | Readonly<{ type: 'drain-begun' }>
  /** It ends now, for this reason. */
  | Readonly<{ type: 'ended'; reason: CloseReason }>;

export type SessionTimes = Readonly<{
  registerWaitMs: number;
  suspectAfterMs: number;
  closeAfterMs: number;
}>;

const codeByReason = {
  worker_left: closeCodes.normal,
  register_timeout: closeCodes.refused,
  silent: closeCodes.refused,
  unreadable_frames: closeCodes.unreadable,
  oversized_frame: closeCodes.oversized,
  not_reading: closeCodes.overloaded,
  flooding: closeCodes.overloaded,
  superseded: closeCodes.superseded,
  revoked: closeCodes.revoked,
  drained: closeCodes.draining,
} as const satisfies Record<CloseReason, CloseCode>;

/** Decides the next state; sending, timing and logging are the caller's. The same object means no change. */
export function stepSession(
  state: SessionState,
  event: SessionEvent,
  times: SessionTimes,
): SessionState {
  if (state.name === 'closed') return state;
  switch (event.type) {
    case 'register-accepted':
      return state.name === 'greeting' ? { name: 'serving' } : state;
    case 'heard':
      return state.name === 'suspect' ? { name: 'serving' } : state;
    case 'time-passed':
      return afterTime(state, event, times);
    case 'drain-begun':
      return state.name === 'greeting' ? closedFor('drained') : { name: 'draining' };
    case 'ended':
      return closedFor(event.reason);
  }
}

function afterTime(
  state: SessionState,
  { nowMs, heardAtMs }: Extract<SessionEvent, { type: 'time-passed' }>,
  times: SessionTimes,
): SessionState {
  const silentMs = nowMs - heardAtMs;
  if (silentMs >= times.closeAfterMs) return closedFor('silent');
  if (state.name === 'greeting') {
    return nowMs - state.openedAtMs >= times.registerWaitMs ? closedFor('register_timeout') : state;
  }
  if (state.name === 'serving' && silentMs >= times.suspectAfterMs) return { name: 'suspect' };
  return state;
}

function closedFor(reason: CloseReason): SessionState {
  return { name: 'closed', code: codeByReason[reason], reason };
}
