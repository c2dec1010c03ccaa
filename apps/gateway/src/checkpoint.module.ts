import type { InternalClient, Metrics } from '@aisbf/platform';
import type { Provider } from '@nestjs/common';
import type { GatewaySettings } from './config.js';
import { CheckpointClock } from './inbound/checkpoint-clock.js';
import { HttpCheckpointKeeper } from './outbound/http-checkpoint-keeper.js';
import { CheckpointKeeper, CheckpointSettings, Checkpoints } from './services/checkpoints.js';

/** What is told of requests that run for long. */
export function checkpointParts(
  settings: GatewaySettings,
  metrics: Metrics,
  peer: (baseUrl: string) => InternalClient,
): Provider[] {
  return [
    ...[Checkpoints, CheckpointClock],
    {
      provide: CheckpointKeeper,
      useFactory: () => new HttpCheckpointKeeper(peer(settings.GATEWAY_ACCOUNTS_URL), metrics),
    },
    {
      provide: CheckpointSettings,
      useValue: new CheckpointSettings(
        settings.GATEWAY_CHECKPOINT_MS,
        settings.GATEWAY_CHECKPOINT_ITEMS_MAX,
      ),
    },
  ];
}
