import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { type ProbeRound, roundsOf, targetsOf, turnOf } from '../domain/probe-rounds.js';
import { type ProbeTarget, probeKey } from '../domain/probe-target.js';
import { probingOf, restMs } from '../domain/probing.js';
import { LiveProbes } from './live-probes.js';
import { Market } from './market.js';
import { ProbeQueue } from './probe-queue.js';
import { ProbingSettings } from './probing-settings.js';

/** Has each provider looked at now and then, as its owner lets it. */
@Injectable()
export class ProbeRounds {
  constructor(
    private readonly market: Market,
    private readonly probes: LiveProbes,
    private readonly queue: ProbeQueue,
    private readonly clock: Clock,
    private readonly settings: ProbingSettings,
  ) {}

  /** Has the rounds come and go with the catalogue. */
  async tend(): Promise<void> {
    await this.queue.ensure(roundsOf(this.market.catalogue(), this.settings.rounds));
  }

  /** Puts the probes of a round into the queue. One that still waits there, or is under way, is not doubled. */
  async make(round: Omit<ProbeRound, 'everyMs'>): Promise<void> {
    const { kind, providerId, revision } = round;
    // Another replica may have heard of a change before this one has.
    if (!this.isWanted(round)) await this.market.reach(revision);
    const catalogue = this.market.catalogue();
    const provider = catalogue.providerById.get(providerId);
    if (!provider || !this.isWanted(round)) return;
    const sessions = this.market.around().sessionsOf(providerId);
    const scene = { provider, catalogue, sessions, nowMs: this.clock.nowMs() };
    const due = targetsOf(kind, scene).filter((target) => !this.rests(target, scene.nowMs));
    const { roundMax } = this.settings;
    const turn = turnOf(due, (target) => this.probes.of(target)?.ended.atMs ?? 0, roundMax);
    await this.queue.add(
      turn.map((target) => ({
        ...{ name: probeKey(target), target, delayMs: 0 },
        revision: catalogue.revision,
      })),
    );
  }

  private isWanted({ kind, providerId }: Omit<ProbeRound, 'everyMs'>): boolean {
    const provider = this.market.catalogue().providerById.get(providerId);
    const { installed } = this.settings.rounds;
    return provider?.isEnabled === true && probingOf(provider, installed)[kind] === 'on';
  }

  /** One that keeps failing is asked less and less often. */
  private rests(target: ProbeTarget, nowMs: number): boolean {
    const last = this.probes.of(target);
    // The first failure costs nothing: the next round may look again.
    if (!last || last.failures < 2) return false;
    const { rounds, rest } = this.settings;
    const ms = restMs(last.failures, { baseMs: rounds.intervalMs[target.kind], maxMs: rest.maxMs });
    return nowMs < last.ended.atMs + ms;
  }
}
