import type { CatalogueServed } from '@aisbf/contracts';

export type ReplicaLimits = Readonly<{
  /** How often each tells what it serves. */
  beatMs: number;
  /** One that was silent for longer is gone. Until then it counts with what it said last. */
  silenceMsMax: number;
}>;

/** What one router says that it plans with. */
export type Replica = Readonly<{ id: string; revision: number }>;

/** The routers that are heard of, this one too, and which revision of the catalogue each says that it plans with. */
export class Replicas {
  private readonly heard = new Map<string, Replica & Readonly<{ atMs: number }>>();
  private listeningSinceMs = Number.POSITIVE_INFINITY;

  constructor(private readonly limits: ReplicaLimits) {}

  /** From now on beats are heard; of those before some may have been missed. */
  listen(nowMs: number): void {
    this.listeningSinceMs = nowMs;
  }

  hear({ replicaId, revision, isLeaving }: CatalogueServed, nowMs: number): void {
    if (isLeaving) this.heard.delete(replicaId);
    else this.heard.set(replicaId, { id: replicaId, revision, atMs: nowMs });
  }

  known(nowMs: number): readonly Replica[] {
    for (const { id, atMs } of this.heard.values()) {
      if (nowMs - atMs > this.limits.silenceMsMax) this.heard.delete(id);
    }
    return [...this.heard.values()].map(({ id, revision }) => ({ id, revision }));
  }

  /** Not before each of them has had the time to be heard. */
  isServedByAll(revision: number, nowMs: number): boolean {
    if (nowMs - this.listeningSinceMs < 2 * this.limits.beatMs) return false;
    const known = this.known(nowMs);
    return known.length > 0 && known.every((replica) => replica.revision >= revision);
  }
}
