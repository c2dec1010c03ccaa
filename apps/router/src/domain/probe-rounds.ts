import { createHash } from 'node:crypto';
import type { ProbeKind, ProbeSettings } from '@aisbf/contracts';
import type { Catalogue, Provider } from './catalogue.js';
import { saleAt } from './offer.js';
import { type ProbeTarget, probeKey } from './probe-target.js';
import { chatsAtWorker, chatsWhenHosted, isFree, probingOf } from './probing.js';
import type { PresentSession } from './session-index.js';

/** Looks at a provider now and then. */
export type ProbeRound = Readonly<{
  kind: ProbeKind;
  providerId: string;
  everyMs: number;
  /** Of the catalogue that asks for it: whoever makes it must have heard of it. */
  revision: number;
}>;

export type RoundSettings = Readonly<{
  installed: ProbeSettings;
  intervalMs: Readonly<Record<ProbeKind, number>>;
  /** Of an interval: how much longer or shorter one provider's is, so that they do not come all at once. */
  jitter: number;
}>;

/** The rounds that a catalogue asks for, by names that stay the same. */
export function roundsOf(
  catalogue: Catalogue,
  settings: RoundSettings,
): ReadonlyMap<string, ProbeRound> {
  const rounds = catalogue.providers.flatMap((provider) => {
    if (!provider.isEnabled) return [];
    return (['models', 'completion'] as const)
      .filter((kind) => probingOf(provider, settings.installed)[kind] === 'on')
      .map((kind): [string, ProbeRound] => {
        const name = `${kind}-${provider.id}`;
        const everyMs = jittered(settings.intervalMs[kind], settings.jitter, name);
        const { revision } = catalogue;
        return [name, { kind, providerId: provider.id, everyMs, revision }];
      });
  });
  return new Map(rounds);
}

/** Always the same of a name: replicas that differed would set it anew for ever. */
function jittered(ms: number, jitter: number, name: string): number {
  const dice = createHash('sha256').update(name).digest().readUInt32BE(0) / 2 ** 32;
  return Math.max(1, Math.round(ms * (1 + jitter * (2 * dice - 1))));
}

/** What is known around a provider when its round begins. */
export type RoundScene = Readonly<{
  provider: Provider;
  catalogue: Catalogue;
  sessions: readonly PresentSession[];
  nowMs: number;
}>;

/** Everything that a round could ask: each worker that is free, and each model that chats. */
export function targetsOf(kind: ProbeKind, scene: RoundScene): readonly ProbeTarget[] {
  const { provider, sessions } = scene;
  const target = (sessionId: string | null, model: string | null): ProbeTarget => {
    return { kind, providerId: provider.id, sessionId, model };
  };
  if (provider.source.kind === 'openai') {
    if (provider.source.headers === null) return [];
    if (kind === 'models') return [target(null, null)];
    return [...provider.source.models]
      .filter(([model]) => hostedChats(scene, model))
      .map(([, modelThere]) => target(null, modelThere));
  }
  const free = sessions.filter(({ session }) => isFree(session));
  return free.flatMap(({ session }) => {
    if (kind === 'models') return [target(session.sessionId, null)];
    return session.models
      .filter((model) => chatsAtWorker(model, session))
      .map(({ name }) => target(session.sessionId, name));
  });
}

/** By the model's name on our side. */
export function hostedChats(
  { provider, catalogue, nowMs }: Omit<RoundScene, 'sessions'>,
  model: string,
): boolean {
  const sale = saleAt(catalogue, { providerId: provider.id, model }, nowMs);
  return chatsWhenHosted(provider.policy, sale?.prices);
}

/** Those whose turn it is: whoever was asked longest ago, or never, comes first. */
export function turnOf(
  targets: readonly ProbeTarget[],
  lastAtMsOf: (target: ProbeTarget) => number,
  countMax: number,
): readonly ProbeTarget[] {
  const dated = targets.map((target) => ({ target, atMs: lastAtMsOf(target) }));
  return dated
    .sort(
      (left, right) =>
        left.atMs - right.atMs || (probeKey(left.target) < probeKey(right.target) ? -1 : 1),
    )
    .slice(0, countMax)
    .map(({ target }) => target);
}
