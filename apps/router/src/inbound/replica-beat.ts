import { CatalogueServed, subjects } from '@aisbf/contracts';
import { Clock, NatsBus } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { Replicas } from '../domain/replicas.js';
import { LiveCatalogue } from '../services/live-catalogue.js';

export class ReplicaBeatSettings {
  constructor(
    readonly replicaId: string,
    readonly beatMs: number,
  ) {}
}

/** Tells the other routers which revision this one plans with, as soon as it does, and hears the same of them. */
@Injectable()
export class ReplicaBeat {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly bus: NatsBus,
    private readonly live: LiveCatalogue,
    private readonly replicas: Replicas,
    private readonly clock: Clock,
    private readonly settings: ReplicaBeatSettings,
  ) {}

  start(): void {
    this.bus.subscribe(subjects.catalogueServed, CatalogueServed, (served) =>
      this.replicas.hear(served, this.clock.nowMs()),
    );
    this.bus.onReconnected(() => this.replicas.listen(this.clock.nowMs()));
    this.replicas.listen(this.clock.nowMs());
    this.live.onServed(() => this.say(false));
    this.timer = setInterval(() => this.say(false), this.settings.beatMs);
    this.say(false);
  }

  stop(): void {
    clearInterval(this.timer);
    this.say(true);
  }

  private say(isLeaving: boolean): void {
    const { replicaId } = this.settings;
    const { revision } = this.live;
    const served: CatalogueServed = { type: 'catalogue-served', replicaId, revision, isLeaving };
    this.bus.publish(subjects.catalogueServed, served);
  }
}
