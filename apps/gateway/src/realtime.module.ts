import { egressConnectors, egressPolicies } from '@aisbf/egress';
import { Clock, type InternalClient } from '@aisbf/platform';
import type { Provider } from '@nestjs/common';
import type { GatewaySettings } from './config.js';
import { ticksPerSecond } from './domain/sound-format.js';
import { AccessWatch, AccessWatchSettings } from './inbound/access-watch.js';
import { RealtimeDoor, RealtimeLimits } from './inbound/realtime-door.js';
import { EgressRefusals } from './outbound/egress-refusals.js';
import { HttpTokenCheck } from './outbound/http-token-check.js';
import { WsUpstream } from './outbound/ws-upstream.js';
import { OpenSessions } from './services/open-sessions.js';
import { RealtimeInference } from './services/realtime-inference.js';
import { SessionLimits, SessionRelay } from './services/session-relay.js';
import { TokenCheck } from './services/token-check.js';
import { SessionUpstream } from './services/upstream.js';
import type { WsFrameLimits } from './ws-frames.js';

/** Sessions of the Realtime API. */
export function realtimeParts(
  settings: GatewaySettings,
  peer: (baseUrl: string) => InternalClient,
): Provider[] {
  const frames = framesOf(settings);
  const frameBytesMax = settings.GATEWAY_REALTIME_FRAME_BYTES_MAX;
  const answerTokens = settings.GATEWAY_REALTIME_ANSWER_TOKENS;
  const ticks = settings.GATEWAY_REALTIME_SOUND_SECONDS * ticksPerSecond;
  return [
    ...[RealtimeDoor, RealtimeInference, SessionRelay, OpenSessions, AccessWatch],
    {
      provide: TokenCheck,
      inject: [Clock],
      useFactory: (clock: Clock) => new HttpTokenCheck(peer(settings.GATEWAY_ACCOUNTS_URL), clock),
    },
    {
      provide: SessionUpstream,
      inject: [EgressRefusals],
      useFactory: (refusals: EgressRefusals) =>
        new WsUpstream({
          connectors: egressConnectors(
            egressPolicies(settings),
            settings.GATEWAY_CONNECT_TIMEOUT_MS,
          ),
          refusals,
          frames,
          frameBytesMax,
        }),
    },
    {
      provide: SessionLimits,
      useValue: new SessionLimits(
        { tokens: answerTokens, ticks },
        { tokens: settings.GATEWAY_HOLD_STEP_TOKENS, ticks },
        settings.GATEWAY_REALTIME_FOLLOW_UPS_MAX,
        settings.GATEWAY_REALTIME_IDLE_MS,
        settings.GATEWAY_HOLD_RETRY_MS,
      ),
    },
    {
      provide: RealtimeLimits,
      useValue: new RealtimeLimits(
        settings.GATEWAY_REALTIME_SESSIONS_MAX,
        frameBytesMax,
        frames,
        answerTokens,
      ),
    },
    {
      provide: AccessWatchSettings,
      useValue: new AccessWatchSettings(settings.GATEWAY_REALTIME_CHECK_MS),
    },
  ];
}

function framesOf(settings: GatewaySettings): WsFrameLimits {
  return {
    untakenBytesMax: settings.GATEWAY_REALTIME_BUFFER_BYTES_MAX,
    unsentBytesMax: settings.GATEWAY_REALTIME_BUFFER_BYTES_MAX,
    pingMs: settings.GATEWAY_REALTIME_PING_MS,
    silenceMs: settings.GATEWAY_REALTIME_SILENCE_MS,
  };
}
