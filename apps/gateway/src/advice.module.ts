import type { Provider } from '@nestjs/common';
import type { GatewaySettings } from './config.js';
import { HttpEmbedder } from './outbound/http-embedder.js';
import { HttpJudge } from './outbound/http-judge.js';
import type { ModelDoor } from './outbound/model-door.js';
import { Embedder, Judge } from './services/advisers.js';
import { ExampleSettings, ExampleVectors } from './services/example-vectors.js';
import { AdviceLimits, PromptAdvice } from './services/prompt-advice.js';

/** The parts of the service that ask small models about questions. */
export function adviceParts(settings: GatewaySettings): Provider[] {
  return [
    PromptAdvice,
    ExampleVectors,
    { provide: Embedder, useFactory: () => new HttpEmbedder(embeddingDoor(settings)) },
    {
      provide: Judge,
      useFactory: () =>
        new HttpJudge(judgeDoor(settings), {
          msMax: settings.GATEWAY_JUDGE_MS_MAX,
          charactersMax: settings.GATEWAY_JUDGE_CHARACTERS_MAX,
          tokensMax: settings.GATEWAY_JUDGE_TOKENS_MAX,
        }),
    },
    {
      provide: ExampleSettings,
      useValue: new ExampleSettings(
        settings.GATEWAY_EMBEDDING_VECTORS_MAX,
        settings.GATEWAY_EMBEDDING_EXAMPLES_MS_MAX,
        settings.GATEWAY_EMBEDDING_RETRY_MS,
      ),
    },
    {
      provide: AdviceLimits,
      useValue: new AdviceLimits(
        settings.GATEWAY_EMBEDDING_MS_MAX,
        settings.GATEWAY_ADVICE_CALLS_MAX,
      ),
    },
  ];
}

function embeddingDoor(settings: GatewaySettings): ModelDoor | undefined {
  const { GATEWAY_EMBEDDING_URL: url, GATEWAY_EMBEDDING_MODEL: model } = settings;
  if (url === undefined) return undefined;
  const apiKey = settings.GATEWAY_EMBEDDING_API_KEY || undefined;
  return { url, model, apiKey, isLocal: settings.GATEWAY_EMBEDDING_IS_LOCAL === 'true' };
}

function judgeDoor(settings: GatewaySettings): ModelDoor | undefined {
  const { GATEWAY_JUDGE_URL: url, GATEWAY_JUDGE_MODEL: model } = settings;
  if (url === undefined) return undefined;
  const apiKey = settings.GATEWAY_JUDGE_API_KEY || undefined;
  return { url, model, apiKey, isLocal: settings.GATEWAY_JUDGE_IS_LOCAL === 'true' };
}
