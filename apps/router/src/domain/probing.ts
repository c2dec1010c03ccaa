import {
  chatEndpoint,
  type PresentModel,
  type ProbeKind,
  type ProbeSettings,
  type SessionPresence,
} from '@aisbf/contracts';
import type { Prices } from '@aisbf/money';
import type { Cooldown } from './health.js';
import { isAtTheDoor } from './probe-verdict.js';
import type { ProviderPolicy } from './provider-policy.js';

/** How a provider is probed: as its owner says, else as the installation does. */
export function probingOf(
  { policy }: Readonly<{ policy?: ProviderPolicy }>,
  installed: ProbeSettings,
): ProbeSettings {
  return {
    models: policy?.probes?.models ?? installed.models,
    completion: policy?.probes?.completion ?? installed.completion,
  };
}

const chatPath = '/v1/chat/completions';

/**
 * Whether a hosted model is asked for a completion. Nobody says what it serves: what is sold by the image, the second or
 * the prompt alone does not chat, nor does what the owner lets nobody chat with.
 */
export function chatsWhenHosted(policy: ProviderPolicy | undefined, prices: Prices = {}): boolean {
  if (policy?.endpoints && !policy.endpoints.includes(chatEndpoint)) return false;
  const isSold = Object.keys(prices).length > 0;
  return !isSold || 'completion_token' in prices || 'request' in prices;
}

/** Whether a worker's model is asked for a completion: it is where the worker says nothing against it. */
export function chatsAtWorker(
  { outputs }: Pick<PresentModel, 'outputs'>,
  { endpoints }: Pick<SessionPresence, 'endpoints'>,
): boolean {
  return (outputs?.includes('text') ?? true) && (endpoints?.includes(chatPath) ?? true);
}

/** A worker that has as much to do as it takes shows by that how it is, and a probe would be in the way. */
export function isFree({ state, inFlight, inFlightMax, queued }: SessionPresence): boolean {
  return state === 'serving' && inFlight < inFlightMax && queued === 0;
}

/**
 * By what kind of probe it is found out whether one that has failed is well again: by the list, where no model had to do
 * with it. Undefined where buyers' requests have to.
 */
export function recheckKind(
  { failures, reason }: Cooldown,
  probing: ProbeSettings,
  chats: boolean,
): ProbeKind | undefined {
  if (failures === 0) return undefined;
  if (isAtTheDoor(reason) && probing.models === 'on') return 'models';
  return chats && probing.completion !== 'off' ? 'completion' : undefined;
}

/** How long one that has failed so many probes in a row is left alone. */
export function restMs(
  failures: number,
  { baseMs, maxMs }: Readonly<{ baseMs: number; maxMs: number }>,
): number {
  return failures === 0 ? 0 : Math.min(baseMs * 2 ** Math.min(failures - 1, 30), maxMs);
}
