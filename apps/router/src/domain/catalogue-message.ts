import type {
  Autoselect as AutoselectMessage,
  Provider as ProviderMessage,
  Registration as RegistrationMessage,
  Rotation as RotationMessage,
  UsageCheck as UsageCheckMessage,
} from '@aisbf/contracts';
import {
  type Autoselect,
  type Catalogue,
  labelOf,
  type Provider,
  type Rotation,
  type RotationLimits,
  type UsageCheck,
} from './catalogue.js';
import { isVisibleTo } from './offer.js';
import { toPolicyMessage } from './policy-message.js';
import { openPolicy } from './provider-policy.js';
import type { Registration } from './registration.js';
import type { PresentSession } from './session-index.js';
import { workerModels } from './worker-model.js';

/** A provider as its owner sees it. Neither its token nor its credential is ever shown. */
export function toProvider(
  provider: Provider,
  sessions: readonly PresentSession[],
): ProviderMessage {
  const { source } = provider;
  return {
    id: provider.id,
    kind: source.kind,
    name: provider.name,
    ownerId: provider.ownerId,
    username: provider.username,
    isEnabled: provider.isEnabled,
    data: provider.data,
    policy: toPolicyMessage(provider.policy ?? openPolicy),
    clientIds: source.kind === 'coderai' && source.clientIds ? [...source.clientIds] : null,
    baseUrl: source.kind === 'openai' ? source.baseUrl : null,
    headerNames: namesOf(source, 'headers'),
    queryNames: namesOf(source, 'query'),
    endpoints: source.kind === 'openai' && source.endpoints ? [...source.endpoints] : null,
    models: source.kind === 'openai' ? hostedModels(source.models) : ofWorkers(sessions),
    createdAt: new Date(provider.createdAtMs).toISOString(),
  };
}

/** Null of workers, and where what is stored cannot be read. */
function namesOf(source: Provider['source'], part: 'headers' | 'query'): string[] | null {
  if (source.kind !== 'openai') return null;
  const { headers, templateNames } = source;
  return headers === null ? null : [...(templateNames?.[part] ?? [])];
}

function hostedModels(models: ReadonlyMap<string, string>) {
  return [...models].map(([name, upstreamName]) => ({ name, upstreamName }));
}

/** What its workers have at the moment. */
function ofWorkers(sessions: readonly PresentSession[]) {
  return workerModels(sessions).map(({ name, contextLength, facts, workers }) => ({
    name,
    upstreamName: name,
    ...(contextLength !== null && { contextLength }),
    ...facts,
    workers,
  }));
}

/** A registration as its provider's owner sees it: without its secret, which nobody has any more. */
export function toRegistration(registration: Registration): RegistrationMessage {
  const { id, publicId, createdAtMs, expiresAtMs, revokedAtMs } = registration;
  return {
    id,
    publicId,
    createdAt: new Date(createdAtMs).toISOString(),
    expiresAt: expiresAtMs === null ? null : new Date(expiresAtMs).toISOString(),
    revokedAt: revokedAtMs === null ? null : new Date(revokedAtMs).toISOString(),
  };
}

export function toRotation(
  rotation: Rotation,
  catalogue: Catalogue,
  nowMs: number,
): RotationMessage {
  const scope = { buyer: rotation, catalogue, nowMs };
  return {
    id: rotation.id,
    name: rotation.name,
    username: rotation.username,
    ...toLimits(rotation.limits),
    members: rotation.members.map(({ target, weight, priority }) => {
      const share = { weight, priority };
      if (target.kind === 'rotation') {
        const { rotationId } = target;
        const inner = catalogue.rotationById.get(rotationId);
        return { rotationId, rotation: inner ? labelOf(inner) : '', ...share };
      }
      if (target.kind === 'import') {
        const { importId } = target;
        const imported = catalogue.importById.get(importId);
        return { importId, import: imported ? labelOf(imported) : '', ...share };
      }
      const { providerId, model } = target;
      // Taken off the market since: its name is nobody else's business any more.
      const isVisible = isVisibleTo(scope, target);
      const provider = isVisible ? providerLabel(catalogue, providerId) : '';
      return { providerId, model, provider, ...share };
    }),
  };
}

/** As its owner has written it. */
export function toAutoselect({ id, name, username, definition }: Autoselect): AutoselectMessage {
  return { id, name, username, ...definition };
}

export function toUsageCheck(check: UsageCheck, catalogue: Catalogue): UsageCheckMessage {
  const { sinceMs, ...figures } = check;
  return {
    ...figures,
    provider: providerLabel(catalogue, check.providerId),
    since: new Date(sinceMs).toISOString(),
  };
}

export function providerLabel(catalogue: Catalogue, providerId: string): string {
  const provider = catalogue.providerById.get(providerId);
  return provider ? labelOf(provider) : '';
}

function toLimits({ hedgeAfterMs, ...limits }: RotationLimits) {
  return { ...limits, hedge: hedgeAfterMs === null ? null : { afterMs: hedgeAfterMs } };
}
